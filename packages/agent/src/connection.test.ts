import { randomUUID } from 'node:crypto';
import { PassThrough, type Duplex } from 'node:stream';
import { FEATURES, MAX_BATCH_OPS, MAX_LINE_BYTES, encodeLine } from '@cvault/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createAgent, type Agent } from './agent.ts';
import { MAX_UNREAD_BYTES, serveStreams } from './connection.ts';
import { connectInProcess } from './in-process.ts';
import { createMemoryBackend } from './memory-backend.ts';
import { createMemoryMeter } from './memory-meter.ts';
import { connectControlPlane } from './testing/control-plane.ts';
import { randomPublicKey } from './testing/keys.ts';
import { createNoTraffic } from './traffic.ts';

let agent: Agent;
const backend = createMemoryBackend({ addresses: ['10.9.0.1/16'] });

beforeEach(async () => {
  agent = await createAgent({ backend, traffic: createNoTraffic(), version: '1.2.3' });
});

afterEach(async () => {
  await agent.close();
});

function open(): Duplex {
  return connectInProcess(agent);
}

function withResolvers() {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

let devices = 0;
function setOp() {
  devices++;
  return {
    verb: 'set',
    deviceId: randomUUID(),
    generation: 1,
    publicKey: randomPublicKey(),
    addresses: [`10.9.${1 + Math.floor(devices / 250)}.${devices % 250}`],
  } as const;
}

test('the agent speaks first', async () => {
  const stream = open();
  const { hello } = await connectControlPlane(stream, stream);
  expect(hello).toMatchObject({
    type: 'hello',
    agentVersion: '1.2.3',
    epoch: agent.epoch,
    interface: 'wg0',
    listenPort: 51820,
  });
  expect(hello.epoch).toMatch(/^[0-9a-f]{32}$/);
});

test.each([
  ['no JSON', '{', null],
  ['an empty line', '', null],
  ['no object', '7', null],
  ['an unknown type', '{"type":"exec","id":4,"command":"id"}', 4],
  ['a field too many', '{"type":"status","id":5,"x":1}', 5],
  ['an id that is none', '{"type":"status","id":-1}', null],
  ['an epoch that is none', '{"type":"apply","id":6,"epoch":"$(id)","ops":[]}', 6],
  ['no ops', encodeLine({ type: 'apply', id: 7, epoch: 'a'.repeat(32), ops: [] }).trim(), 7],
  [
    'too many ops',
    encodeLine({ type: 'apply', id: 8, epoch: 'a'.repeat(32), ops: Array(MAX_BATCH_OPS + 1).fill(0) }).trim(),
    8,
  ],
])('%s is refused, and the connection goes on', async (_name, line, id) => {
  const stream = open();
  const plane = await connectControlPlane(stream, stream);
  expect(await plane.sendLine(`${line}\n`)).toMatchObject({ type: 'refused', id, code: 'bad_request' });
  expect(await plane.request({ type: 'status' })).toMatchObject({ type: 'status', epoch: agent.epoch });
});

test.each(['$(touch canary)', '${IFS}x', ';id', '`id`', '-h', '--help', 'a\nb', "' OR 1", '\u2028', '\0'])(
  'a value like %j reaches nothing',
  async (hostile) => {
    const stream = open();
    const plane = await connectControlPlane(stream, stream);
    const before = backend.writes;
    const good = setOp();
    const answer = await plane.request({
      type: 'apply',
      epoch: plane.hello.epoch,
      ops: [
        { ...setOp(), publicKey: hostile },
        { ...setOp(), addresses: [hostile] },
        { ...setOp(), deviceId: hostile },
        { ...setOp(), verb: hostile },
        { ...setOp(), [hostile]: hostile },
        good,
      ],
    });
    // The valid op is applied: one bad op of a batch blocks no other.
    expect(answer).toMatchObject({
      results: [...Array<object>(5).fill({ outcome: 'invalid' }), { outcome: 'applied' }],
    });
    expect(JSON.stringify(answer)).not.toContain(JSON.stringify(hostile).slice(1, -1));
    expect(backend.writes).toBe(before + 1);
  },
);

test('changes sent at once are answered in their order, and so are readings', async () => {
  const stream = open();
  const plane = await connectControlPlane(stream, stream);
  const change = { type: 'apply', epoch: plane.hello.epoch, ops: [setOp()] };
  const lines = [
    encodeLine({ type: 'list', id: 101 }),
    encodeLine({ ...change, id: 201 }),
    encodeLine({ ...change, id: 202 }),
    encodeLine({ type: 'digest', id: 102 }),
    encodeLine({ ...change, id: 203 }),
    encodeLine({ type: 'status', id: 103 }),
  ];
  const ids = [(await plane.sendLine(lines.join(''))).id ?? 0];
  while (ids.length < lines.length) ids.push((await plane.sendLine('')).id ?? 0);
  expect(ids.filter((id) => id < 200)).toEqual([101, 102, 103]);
  expect(ids.filter((id) => id > 200)).toEqual([201, 202, 203]);
});

test('a change overtakes the readings before it, however long they take', async () => {
  const { promise: reading, resolve: finishReading } = withResolvers();
  const inMemory = createMemoryBackend({ addresses: ['10.9.0.1/16'] });
  const slow = await createAgent({
    backend: inMemory,
    traffic: createNoTraffic({
      ...createMemoryMeter(),
      read: () => reading.then(() => new Map()),
    }),
  });
  const peersOf = inMemory.peers;
  inMemory.peers = () => reading.then(peersOf);
  const stream = connectInProcess(slow);
  const plane = await connectControlPlane(stream, stream);
  const answers = [
    await plane.sendLine(
      ['stats', 'list', 'digest']
        .map((type, id) => encodeLine({ type, id }))
        .concat(encodeLine({ type: 'apply', id: 9, epoch: slow.epoch, ops: [setOp()] }))
        .join(''),
    ),
  ];
  expect(answers[0]).toMatchObject({ id: 9, results: [{ outcome: 'applied' }] });
  finishReading();
  while (answers.length < 4) answers.push(await plane.sendLine(''));
  expect(answers.map(({ id }) => id)).toEqual([9, 0, 1, 2]);
  await slow.close();
});

test('endless requests wait in the stream, and each is answered', async () => {
  const stream = open();
  const plane = await connectControlPlane(stream, stream);
  const ids = Array.from({ length: 2_000 }, (_, id) => id);
  const answered = [(await plane.sendLine(ids.map((id) => encodeLine({ type: 'status', id })).join(''))).id];
  while (answered.length < ids.length) answered.push((await plane.sendLine('')).id);
  expect(answered).toEqual(ids);
});

test('reports its features beyond the protocol version', async () => {
  const stream = open();
  const plane = await connectControlPlane(stream, stream);
  expect(await plane.request({ type: 'features' })).toEqual({
    type: 'features',
    id: 1,
    features: [...FEATURES],
  });
});

test('a line over the limit ends its own connection only', async () => {
  const flooding = open();
  const quiet = open();
  const plane = await connectControlPlane(quiet, quiet);
  const ended = new Promise((resolve) => flooding.on('close', resolve));
  flooding.resume();
  flooding.write(Buffer.alloc(MAX_LINE_BYTES + 1, 0x61));
  await ended;
  expect(await plane.request({ type: 'status' })).toMatchObject({ type: 'status' });
});

test('a control plane that does not read its answers is cut off', async () => {
  const input = new PassThrough();
  const output = new PassThrough();
  const serving = serveStreams(agent, input, output);
  // The longest possible id, which the refusal repeats.
  const line = encodeLine({ type: 'status', id: Number.MAX_SAFE_INTEGER });
  const answersNeeded = (2 * MAX_UNREAD_BYTES) / line.length;
  for (let sent = 0; sent < answersNeeded && !input.destroyed; sent += 1000) {
    input.write(line.repeat(1000));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await serving).toBe('unread_answers');
  expect(output.destroyed).toBe(true);
});

test('what was asked before the control plane stopped sending is still answered', async () => {
  const input = new PassThrough();
  const output = new PassThrough();
  const serving = serveStreams(agent, input, output);
  input.end(encodeLine({ type: 'status', id: 9 }));
  expect(await serving).toBe('closed');
  const lines = String(output.read()).trim().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { type: string }).type)).toEqual(['hello', 'status']);
});
