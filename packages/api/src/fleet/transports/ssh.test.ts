/** Against an SSH server in this process; e2e/ tests the real sshd with its forced command. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Secret } from '../../platform/crypto/secret.ts';
import {
  type Agent,
  createAgent,
  createMemoryBackend,
  createNoTraffic,
  serveConnection,
} from '@cvault/agent';
import ssh2 from 'ssh2';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AgentClient } from '../agent-client.ts';
import { TransportError } from './transport.ts';
import { type ControlKey, generateControlKey } from '../ssh/keys.ts';
import { createSshTransport, type SshTarget } from './ssh.ts';

const control = generateControlKey();
let agent: Agent;
let server: ssh2.Server;
/** The steps of a client, as far as it got. */
let reached: string[];
let channels: ssh2.ServerChannel[];
let hostKey: ControlKey;

const listen = () => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const portOf = () => (server.address() as AddressInfo).port;
const lineOf = (publicKey: string) => publicKey.trim().split(' ').slice(0, 2).join(' ');

function target(over: Partial<SshTarget> = {}): SshTarget {
  return {
    host: '127.0.0.1',
    port: portOf(),
    user: 'cvault',
    privateKey: control.privateKey,
    hostKeys: [lineOf(hostKey.publicKey)],
    ...over,
  };
}

beforeEach(async () => {
  reached = [];
  channels = [];
  hostKey = generateControlKey();
  agent = await createAgent({ backend: createMemoryBackend(), traffic: createNoTraffic() });
  server = new ssh2.Server({ hostKeys: [hostKey.privateKey.reveal()] }, (client) => {
    reached.push('connected');
    client.on('error', () => undefined);
    client.on('close', () => reached.push('disconnected'));
    client.on('authentication', (attempt) => {
      reached.push(`authenticates as ${attempt.username} by ${attempt.method}`);
      const offered = attempt.method === 'publickey' ? attempt.key.data.toString('base64') : '';
      if (control.publicKey.includes(offered) && offered !== '') attempt.accept();
      else attempt.reject(['publickey']);
    });
    client.on('session', (accept) => {
      accept().on('exec', (acceptExec) => {
        const channel = acceptExec();
        channels.push(channel);
        void serveConnection(agent, channel);
      });
    });
  });
  await listen();
});
afterEach(async () => {
  server.close();
  await agent.close();
});

test('a channel to the agent', async () => {
  const client = await AgentClient.open(await createSshTransport(target()).open(AbortSignal.timeout(60_000)));
  expect(client.hello.epoch).toBe(agent.epoch);
  expect(await client.peerCount()).toBe(0);
  client.close();
  await client.closed;
});

test('a request after the other end closed the channel is refused', async () => {
  const client = await AgentClient.open(await createSshTransport(target()).open(AbortSignal.timeout(60_000)));
  channels[0]!.close();
  await client.closed;
  await expect(client.peerCount()).rejects.toThrow('closed');
});

test('a destroyed stream is gone at once, even if the other end ignores it', async () => {
  const stream = await createSshTransport(target()).open(AbortSignal.timeout(60_000));
  // It ignores the request to close the channel.
  channels[0]!.close = () => undefined;
  const closed = once(stream, 'close');
  stream.destroy();
  await closed;
  expect(stream.destroyed).toBe(true);
  await expect.poll(() => reached.at(-1)).toBe('disconnected');
});

test('a host key other than the pinned one is refused before we identify ourselves', async () => {
  const other = generateControlKey();
  const opening = createSshTransport(target({ hostKeys: [lineOf(other.publicKey)] })).open(
    AbortSignal.timeout(60_000),
  );
  await expect(opening).rejects.toMatchObject({ name: 'TransportError', kind: 'host_key_mismatch' });
  expect(reached.filter((step) => step !== 'disconnected')).toEqual(['connected']);
});

test('one of several pinned host keys is enough: the old and the new one while it is replaced', async () => {
  const next = generateControlKey();
  const both = [lineOf(next.publicKey), lineOf(hostKey.publicKey)] as const;
  const stream = await createSshTransport(target({ hostKeys: both })).open(AbortSignal.timeout(60_000));
  expect(reached.at(-1)).toBe('authenticates as cvault by publickey');
  stream.destroy();
});

test('a key that the VPN server does not know is refused', async () => {
  const stranger = generateControlKey();
  const opening = createSshTransport(target({ privateKey: stranger.privateKey })).open(
    AbortSignal.timeout(60_000),
  );
  await expect(opening).rejects.toMatchObject({ kind: 'refused' });
});

test('nothing listens there: unreachable', async () => {
  const gone = target();
  server.close();
  const opening = createSshTransport(gone).open(AbortSignal.timeout(60_000));
  await expect(opening).rejects.toBeInstanceOf(TransportError);
});

test('the attempt ends with its signal, also where the other end says nothing', async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const opening = createSshTransport(target({ port })).open(AbortSignal.timeout(200));
  await expect(opening).rejects.toMatchObject({ kind: 'unreachable' });
  silent.close();
});

test('the attempt ends where the other end hangs up before anybody is in, long before its signal', async () => {
  const curt = createServer((socket) => socket.end('SSH-2.0-curt\r\n'));
  await new Promise<void>((resolve) => curt.listen(0, '127.0.0.1', resolve));
  const { port } = curt.address() as AddressInfo;
  const opening = createSshTransport(target({ port })).open(new AbortController().signal);
  await expect(opening).rejects.toMatchObject({ kind: 'refused' });
  curt.close();
});

test('the private key is nowhere in what an error prints', async () => {
  const privateKey = new Secret(
    '-----BEGIN OPENSSH PRIVATE KEY-----\ncanary\n-----END OPENSSH PRIVATE KEY-----',
  );
  const error: unknown = await createSshTransport(target({ privateKey }))
    .open(AbortSignal.timeout(60_000))
    .catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(TransportError);
  expect(`${String(error)} ${String((error as Error).cause)}`).not.toContain('canary');
});
