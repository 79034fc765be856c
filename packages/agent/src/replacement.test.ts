import { randomUUID } from 'node:crypto';
import { digestOfPeer, formatDigest, type OpResult, type SetOp } from '@cvault/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAgent, type Agent } from './agent.ts';
import { connectInProcess } from './in-process.ts';
import { createMemoryBackend, type MemoryBackend } from './memory-backend.ts';
import { connectControlPlane, type TestControlPlane } from './testing/control-plane.ts';
import { randomPublicKey } from './testing/keys.ts';
import { createNoTraffic } from './traffic.ts';

let backend: MemoryBackend;
let agents: Agent[];
let plane: TestControlPlane;
let before: SetOp;
let rotated: SetOp;

beforeEach(async () => {
  backend = createMemoryBackend({ addresses: ['10.8.0.1/24', 'fd00:8::1/64'] });
  agents = [];
  plane = await start();
  before = setOp(2);
  rotated = { ...before, generation: 2, publicKey: randomPublicKey(), replaces: before.publicKey };
});

afterEach(async () => {
  for (const agent of agents) await agent.close();
});

async function start(): Promise<TestControlPlane> {
  const options = { watchIntervalMs: 2, forgetEndpointAfterMs: 600_000 };
  const agent = await createAgent({ backend, traffic: createNoTraffic(), ...options });
  agents.push(agent);
  const stream = connectInProcess(agent);
  return connectControlPlane(stream, stream);
}

function setOp(host: number, change: Partial<SetOp> = {}): SetOp {
  return {
    verb: 'set',
    deviceId: randomUUID(),
    generation: 1,
    publicKey: randomPublicKey(),
    presharedKey: randomPublicKey(),
    addresses: [`10.8.0.${host}`, `fd00:8::${host.toString(16)}`],
    ...change,
  };
}

const outcomes = (results: readonly OpResult[]) => results.map(({ outcome }) => outcome);
const HELD = ['10.8.0.2/32', 'fd00:8::2/128'];

async function peers(): Promise<Record<string, readonly string[]>> {
  return Object.fromEntries((await backend.peers()).map((peer) => [peer.publicKey, peer.allowedIps]));
}

/** Waits for the agent's own work, within a bound. */
async function untilPeersAre(expected: Record<string, readonly string[]>): Promise<void> {
  await expect.poll(peers, { interval: 5 }).toEqual(expected);
}

const settleDown = () => new Promise((resolve) => setTimeout(resolve, 50));

test('the old key carries on until the new one shakes hands; then the addresses move, in one write', async () => {
  await plane.apply(before);
  expect(outcomes(await plane.apply(rotated))).toEqual(['applied']);
  expect(await peers()).toEqual({ [before.publicKey]: HELD, [rotated.publicKey]: [] });
  backend.shakeHands(before.publicKey);
  await settleDown();
  expect(await peers()).toEqual({ [before.publicKey]: HELD, [rotated.publicKey]: [] });
  const { writes } = backend;
  backend.shakeHands(rotated.publicKey);
  await untilPeersAre({ [rotated.publicKey]: HELD });
  expect(backend.writes).toBe(writes + 1);
  expect(backend.presharedKey(rotated.publicKey)).toBe(rotated.presharedKey);
});

test('is as its op wants it all the while: no drift, the new digest, and nothing to do in the list', async () => {
  await plane.apply(before);
  await plane.apply(rotated);
  const expected = { peers: 1, drifted: 0, digest: formatDigest(digestOfPeer(rotated)) };
  const owner = { deviceId: rotated.deviceId, generation: 2 };
  const listed = [{ publicKey: rotated.publicKey, allowedIps: HELD, owner }];
  expect(await plane.digest()).toMatchObject(expected);
  expect(await plane.list()).toEqual(listed);
  const { writes } = backend;
  expect(outcomes(await plane.apply(rotated))).toEqual(['applied']);
  expect(backend.writes).toBe(writes);
  backend.shakeHands(rotated.publicKey);
  await untilPeersAre({ [rotated.publicKey]: HELD });
  expect(await plane.digest()).toMatchObject(expected);
  expect(await plane.list()).toEqual(listed);
  expect(outcomes(await plane.apply(rotated))).toEqual(['applied']);
  expect(await peers()).toEqual({ [rotated.publicKey]: HELD });
});

test('a restarted agent goes on with the same op from what it finds', async () => {
  await plane.apply(before);
  await plane.apply(rotated);
  plane = await start();
  expect(outcomes(await plane.apply(rotated))).toEqual(['applied']);
  expect(await peers()).toEqual({ [before.publicKey]: HELD, [rotated.publicKey]: [] });
  backend.shakeHands(rotated.publicKey);
  await untilPeersAre({ [rotated.publicKey]: HELD });
  plane = await start();
  expect(outcomes(await plane.apply(rotated))).toEqual(['applied']);
  expect(await peers()).toEqual({ [rotated.publicKey]: HELD });
});

test('on an interface without room for two keys, the new one takes over at once', async () => {
  backend = createMemoryBackend({ addresses: ['10.8.0.1/24'], maxPeers: 1 });
  plane = await start();
  await plane.apply({ ...before, addresses: ['10.8.0.2'] });
  expect(outcomes(await plane.apply({ ...rotated, addresses: ['10.8.0.2'] }))).toEqual(['applied']);
  expect(await peers()).toEqual({ [rotated.publicKey]: ['10.8.0.2/32'] });
});

test('without an old peer the new one has the addresses at once', async () => {
  expect(outcomes(await plane.apply(rotated))).toEqual(['applied']);
  expect(await peers()).toEqual({ [rotated.publicKey]: HELD });
});

test('a later generation without it ends it at once', async () => {
  await plane.apply(before);
  await plane.apply(rotated);
  const final = { ...rotated, generation: 3, replaces: undefined };
  expect(outcomes(await plane.apply(final))).toEqual(['applied']);
  expect(await peers()).toEqual({ [rotated.publicKey]: HELD });
});

test('a third key replaces the one that still carries the addresses; the one in between goes', async () => {
  await plane.apply(before);
  await plane.apply(rotated);
  const third = { ...rotated, generation: 3, publicKey: randomPublicKey() };
  expect(outcomes(await plane.apply(third))).toEqual(['applied']);
  expect(await peers()).toEqual({ [before.publicKey]: HELD, [third.publicKey]: [] });
});

test('removal takes both keys', async () => {
  await plane.apply(before);
  await plane.apply(rotated);
  const remove = { verb: 'remove', deviceId: rotated.deviceId, generation: 3 } as const;
  expect(outcomes(await plane.apply(remove))).toEqual(['applied']);
  expect(await peers()).toEqual({});
});

test('evicting the old key does not evict the device', async () => {
  await plane.apply(before);
  await plane.apply(rotated);
  const owner = { deviceId: rotated.deviceId, generation: 2 };
  expect(outcomes(await plane.apply({ verb: 'evict', publicKey: before.publicKey, owner }))).toEqual([
    'stale',
  ]);
});

describe('refused', () => {
  test('is another device’s key, as the old one or the new one', async () => {
    const other = setOp(3);
    await plane.apply(before, other);
    const thieves = [
      { ...rotated, replaces: other.publicKey },
      { ...rotated, publicKey: other.publicKey },
    ];
    expect(outcomes(await plane.apply(...thieves))).toEqual(['conflict', 'conflict']);
    await plane.apply(rotated);
    const later = [setOp(4, { publicKey: before.publicKey }), setOp(4, { publicKey: rotated.publicKey })];
    expect(outcomes(await plane.apply(...later))).toEqual(['conflict', 'conflict']);
  });

  test('is a key that replaces itself', async () => {
    expect(outcomes(await plane.apply({ ...rotated, replaces: rotated.publicKey }))).toEqual(['invalid']);
  });
});

describe('where a client was', () => {
  async function startForgetting(): Promise<void> {
    const agent = await createAgent({ backend, traffic: createNoTraffic(), forgetEndpointAfterMs: 10_000 });
    agents.push(agent);
    const stream = connectInProcess(agent);
    plane = await connectControlPlane(stream, stream);
  }

  test('is forgotten once it is silent, once, with the same key, addresses and preshared key', async () => {
    await startForgetting();
    const [silent, live, never] = [setOp(2), setOp(3), setOp(4)];
    await plane.apply(silent, live, never);
    backend.shakeHands(silent.publicKey, Date.now() - 11_000);
    backend.shakeHands(live.publicKey);
    const { writes } = backend;
    await expect.poll(() => backend.writes).toBe(writes + 1);
    expect((await backend.handshakes()).get(silent.publicKey)).toBe(0);
    expect((await backend.handshakes()).get(live.publicKey)).not.toBe(0);
    expect(await peers()).toMatchObject({ [silent.publicKey]: HELD });
    expect(backend.presharedKey(silent.publicKey)).toBe(silent.presharedKey);
    const { devices } = await plane.stats();
    const handshakes = [silent, live, never].map(
      ({ deviceId }) => devices.find((device) => device.deviceId === deviceId)?.handshake,
    );
    expect(handshakes).toEqual(['idle', 'live', 'never']);
    expect(await plane.digest()).toMatchObject({ peers: 3, drifted: 0 });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(backend.writes).toBe(writes + 1);
  }, 15_000);
});
