import { randomUUID } from 'node:crypto';
import type { DeviceStats, SetOp } from '@cvault/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAgent, type Agent } from './agent.ts';
import { connectInProcess } from './in-process.ts';
import { createMemoryBackend, type MemoryBackend } from './memory-backend.ts';
import { createMemoryMeter, type MemoryMeter } from './memory-meter.ts';
import type { Meter } from './meter.ts';
import { connectControlPlane, type TestControlPlane } from './testing/control-plane.ts';
import { randomPublicKey } from './testing/keys.ts';
import { createNoTraffic } from './traffic.ts';

let backend: MemoryBackend;
let meter: MemoryMeter;
let agents: Agent[];
let plane: TestControlPlane;

beforeEach(async () => {
  backend = createMemoryBackend({ addresses: ['10.8.0.1/16', 'fd00:8::1/64'] });
  meter = createMemoryMeter();
  agents = [];
  plane = await start();
});

afterEach(async () => {
  for (const agent of agents) await agent.close();
});

/** Another agent on the same machine, as after a restart. */
async function start(over: Meter = meter): Promise<TestControlPlane> {
  const agent = await createAgent({ backend, traffic: createNoTraffic(over) });
  agents.push(agent);
  return connect(agent);
}

async function connect(agent: Agent): Promise<TestControlPlane> {
  const stream = connectInProcess(agent);
  return connectControlPlane(stream, stream);
}

function setOp(host: number, change: Partial<SetOp> = {}): SetOp {
  return {
    verb: 'set',
    deviceId: randomUUID(),
    generation: 1,
    publicKey: randomPublicKey(),
    addresses: [`10.8.0.${host}`, `fd00:8::${host.toString(16)}`],
    ...change,
  };
}

const remove = ({ deviceId, generation }: SetOp) =>
  ({ verb: 'remove', deviceId, generation: generation + 1 }) as const;

async function apply(...ops: Parameters<TestControlPlane['apply']>): Promise<void> {
  const results = await plane.apply(...ops);
  expect(results.map(({ outcome }) => outcome)).toEqual(ops.map(() => 'applied'));
}

async function statsOf({ deviceId }: SetOp, stored?: number): Promise<DeviceStats | undefined> {
  return (await plane.stats(stored)).devices.find((device) => device.deviceId === deviceId);
}

const bytes = (receivedBytes: number, sentBytes: number, gone = false) => ({
  receivedBytes,
  sentBytes,
  gone,
});

test('counts both addresses of a device together, and nothing of the others', async () => {
  const [one, two] = [setOp(2), setOp(3)];
  await apply(one, two);
  meter.count('10.8.0.2', { received: 100, sent: 2000 });
  meter.count('fd00:8::2', { received: 10, sent: 20 });
  expect(await statsOf(one)).toEqual({ deviceId: one.deviceId, ...bytes(110, 2020), handshake: 'never' });
  expect(await statsOf(two)).toMatchObject(bytes(0, 0));
});

test('reports handshakes only as live, idle or never', async () => {
  const [live, idle, never] = [setOp(2), setOp(3), setOp(4)];
  await apply(live, idle, never);
  backend.shakeHands(live.publicKey);
  backend.shakeHands(idle.publicKey, Date.now() - 200_000);
  const handshakes = [await statsOf(live), await statsOf(idle), await statsOf(never)].map(
    (one) => one?.handshake,
  );
  expect(handshakes).toEqual(['live', 'idle', 'never']);
});

test('numbers its readings, and pages one of them by device', async () => {
  const ops = Array.from({ length: 1201 }, (_, n) =>
    setOp(0, { addresses: [`10.8.${4 + (n >> 8)}.${n & 255}`] }),
  );
  for (let start = 0; start < ops.length; start += 128) await apply(...ops.slice(start, start + 128));
  const { pass, devices } = await plane.stats();
  expect(pass).toBe(1);
  expect(devices.map(({ deviceId }) => deviceId)).toEqual(ops.map(({ deviceId }) => deviceId).sort());
  expect((await plane.stats()).pass).toBe(2);
});

describe('a device that is removed', () => {
  test('is reported with its last counts until they are stored', async () => {
    const op = setOp(2);
    await apply(op);
    meter.count('10.8.0.2', { received: 5, sent: 6 });
    await plane.stats();
    meter.count('fd00:8::2', { received: 1, sent: 1 });
    await apply(remove(op));
    const { pass, devices } = await plane.stats();
    expect(devices).toEqual([{ deviceId: op.deviceId, ...bytes(6, 7, true), handshake: 'never' }]);
    expect(await statsOf(op, pass - 1)).toMatchObject(bytes(6, 7, true));
    expect(await statsOf(op, pass)).toBeUndefined();
    expect(await statsOf(op)).toBeUndefined();
  });

  test('leaves nothing to the next holder of its address', async () => {
    const [one, two] = [setOp(2), setOp(2)];
    await apply(one);
    meter.count('10.8.0.2', { received: 5, sent: 6 });
    await apply(remove(one));
    await apply(two);
    meter.count('10.8.0.2', { received: 1, sent: 0 });
    expect(await statsOf(two)).toMatchObject(bytes(1, 0));
    expect(await statsOf(one)).toMatchObject(bytes(5, 6, true));
  });

  test('leaves nothing to it in one batch either', async () => {
    const [one, two] = [setOp(2), setOp(2)];
    await apply(one);
    meter.count('10.8.0.2', { received: 5, sent: 6 });
    await apply(remove(one), two);
    expect(await statsOf(two)).toMatchObject(bytes(0, 0));
    expect(await statsOf(one)).toMatchObject(bytes(5, 6, true));
  });

  test('leaves nothing to it where the agent was started anew in between', async () => {
    const [one, two] = [setOp(2), setOp(2)];
    await apply(one);
    meter.count('10.8.0.2', { received: 5, sent: 6 });
    await apply(remove(one));
    plane = await start();
    await apply(two);
    expect(await statsOf(two)).toMatchObject(bytes(0, 0));
  });

  test('goes on from there when it comes back, also after everything was stored', async () => {
    const op = setOp(2);
    await apply(op);
    meter.count('10.8.0.2', { received: 5, sent: 6 });
    await apply(remove(op));
    const { pass } = await plane.stats();
    await plane.stats(pass);
    const back = { ...op, generation: 3 };
    await apply(back);
    meter.count('10.8.0.2', { received: 1, sent: 1 });
    expect(await statsOf(op)).toMatchObject(bytes(6, 7));
    await apply(remove(back));
    expect(await statsOf(op, pass)).toMatchObject(bytes(6, 7, true));
  });
});

test('an address whose counts cannot be settled is kept from others until they are', async () => {
  const broken = { failing: false };
  const fragile: Meter = {
    ...meter,
    settle: (settlement) => (broken.failing ? Promise.reject(new Error('no')) : meter.settle(settlement)),
  };
  plane = await start(fragile);
  const [one, two] = [setOp(2), setOp(2)];
  await apply(one);
  meter.count('10.8.0.2', { received: 5, sent: 6 });
  await apply(remove(one));
  broken.failing = true;
  expect(await plane.apply(two)).toMatchObject([{ outcome: 'error' }]);
  broken.failing = false;
  await apply(two);
  expect(await statsOf(two)).toMatchObject(bytes(0, 0));
});

test('a change of address carries the counts over', async () => {
  const op = setOp(2);
  await apply(op);
  meter.count('10.8.0.2', { received: 5, sent: 6 });
  const moved = { ...op, generation: 2, addresses: ['10.8.0.3', 'fd00:8::2'] };
  await apply(moved);
  expect(await statsOf(op)).toMatchObject(bytes(5, 6));
  meter.count('10.8.0.3', { received: 1, sent: 1 });
  meter.count('fd00:8::2', { received: 1, sent: 1 });
  expect(await statsOf(op)).toMatchObject(bytes(7, 8));
  plane = await start();
  await apply({ ...moved, generation: 2 });
  expect(await statsOf(op)).toMatchObject(bytes(7, 8));
});

test('counts go on through a new agent and a new interface; only a reboot begins another life', async () => {
  const op = setOp(2);
  await apply(op);
  meter.count('10.8.0.2', { received: 5, sent: 6 });
  const { life } = await plane.stats();
  plane = await start();
  expect((await plane.stats()).devices).toEqual([]);
  await apply(op);
  backend.recreate();
  plane = await start();
  await apply(op);
  meter.count('10.8.0.2', { received: 1, sent: 1 });
  expect(await plane.stats()).toMatchObject({ life, pass: 1, devices: [bytes(6, 7)] });
  meter.reboot();
  plane = await start();
  await apply(op);
  const after = await plane.stats();
  expect(after.life).not.toBe(life);
  expect(after.devices).toMatchObject([bytes(0, 0)]);
});

test('what happens while the counters are being read is counted once', async () => {
  let letRead = (): void => undefined;
  const slow: Meter = {
    ...meter,
    async read() {
      const counts = await meter.read();
      await new Promise<void>((resolve) => (letRead = resolve));
      return counts;
    },
  };
  const [removed, moved] = [setOp(2), setOp(3)];
  plane = await start(slow);
  const agent = agents.at(-1);
  if (agent === undefined) throw new Error('no agent');
  const other = await connect(agent);
  await apply(removed, moved);
  meter.count('10.8.0.2', { received: 5, sent: 6 });
  meter.count('10.8.0.3', { received: 7, sent: 8 });
  const reading = plane.stats();
  await new Promise((resolve) => setImmediate(resolve));
  meter.count('10.8.0.2', { received: 1, sent: 1 });
  meter.count('10.8.0.3', { received: 1, sent: 1 });
  await other.apply(remove(removed), { ...moved, generation: 2, addresses: ['10.8.0.4'] });
  letRead();
  expect((await reading).devices).toMatchObject([{ deviceId: moved.deviceId, ...bytes(7, 8) }]);
  const next = plane.stats();
  await new Promise((resolve) => setImmediate(resolve));
  letRead();
  const { devices } = await next;
  expect(devices.find(({ deviceId }) => deviceId === removed.deviceId)).toMatchObject(bytes(6, 7, true));
  expect(devices.find(({ deviceId }) => deviceId === moved.deviceId)).toMatchObject(bytes(8, 9));
});

test('an address that changes hands while the counters are being read counts for nobody twice', async () => {
  const reads: (() => void)[] = [];
  const slow: Meter = {
    ...meter,
    async read() {
      const counts = await meter.read();
      await new Promise<void>((resolve) => reads.push(resolve));
      return counts;
    },
  };
  const [one, two] = [setOp(2), setOp(2)];
  plane = await start(slow);
  const agent = agents.at(-1);
  if (agent === undefined) throw new Error('no agent');
  const other = await connect(agent);
  await apply(one);
  meter.count('10.8.0.2', { received: 5, sent: 6 });
  const reading = plane.stats();
  await expect.poll(() => reads.length).toBe(1);
  const handover = other.apply(remove(one), two);
  await expect.poll(() => reads.length).toBe(2);
  reads[1]?.();
  await handover;
  reads[0]?.();
  const { devices } = await reading;
  expect(devices.find(({ deviceId }) => deviceId === two.deviceId)).toMatchObject(bytes(0, 0));
  expect(devices.find(({ deviceId }) => deviceId === one.deviceId)).toMatchObject(bytes(5, 6, true));
});
