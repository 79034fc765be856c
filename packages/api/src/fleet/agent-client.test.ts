import { Duplex, PassThrough } from 'node:stream';
import {
  type Agent,
  connectInProcess,
  createAgent,
  createMemoryBackend,
  createNoTraffic,
} from '@cvault/agent';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AgentClient, RequestRefused } from './agent-client.ts';

/** The interface can be read once this resolves. */
let readable: Promise<void>;
let release: () => void;
let reads: number;
let agent: Agent;
let client: AgentClient;
/** Drops everything that the agent sends; the channel stays open. */
let silence: () => void;

beforeEach(async () => {
  readable = Promise.resolve();
  reads = 0;
  const backend = createMemoryBackend({ addresses: ['10.8.0.1/24'] });
  const slow = {
    ...backend,
    async peers() {
      reads++;
      await readable;
      return backend.peers();
    },
  };
  agent = await createAgent({ backend: slow, traffic: createNoTraffic() });
  const stream = connectInProcess(agent);
  const arriving = new PassThrough();
  stream.pipe(arriving);
  silence = () => {
    stream.unpipe(arriving);
    stream.resume();
  };
  client = await AgentClient.open(Duplex.from({ readable: arriving, writable: stream }));
  readable = new Promise((resolve) => (release = resolve));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
});
afterEach(async () => {
  release();
  vi.useRealTimers();
  client.close();
  await agent.close();
});

/** The timers move in steps, so that sent messages arrive between them. */
async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await vi.advanceTimersByTimeAsync(1_000);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Asks for a reading and returns once it is running. */
async function beginDigest() {
  const before = reads;
  const digest = client.digest();
  digest.catch(() => undefined);
  while (reads === before) await new Promise((resolve) => setImmediate(resolve));
  return { digest };
}

test('a reading takes as long as the agent says that it goes on', async () => {
  await client.learnFeatures();
  const { digest } = await beginDigest();
  await pass(300);
  release();
  expect(await digest).toEqual({ peers: 0, digest: 0n, drifted: 0 });
});

test('an agent that says nothing more is cut off after ten seconds', async () => {
  await client.learnFeatures();
  const { digest } = await beginDigest();
  await pass(60);
  silence();
  await pass(7);
  expect(await Promise.race([client.closed, Promise.resolve('open')])).toBe('open');
  await pass(5);
  await expect(digest).rejects.toThrow('the channel to the agent was cut');
  expect((await client.closed).message).toBe('the agent was silent for 10000 ms about a request: digest');
});

test('one that cannot say so has a minute', async () => {
  const { digest } = await beginDigest();
  await pass(58);
  expect(await Promise.race([client.closed, Promise.resolve('open')])).toBe('open');
  await pass(4);
  await expect(digest).rejects.toThrow('the channel to the agent was cut');
});

test('a verb that the agent has not named is not sent to it, and refused as the agent would', async () => {
  const watching = client.ask('watch', { fresh: false });
  await expect(watching).rejects.toThrow(RequestRefused);
  await expect(watching).rejects.toMatchObject({ code: 'bad_request' });
  await client.learnFeatures();
  expect(await client.ask('watch', { fresh: false })).toMatchObject({ problems: [] });
});
