import { randomUUID } from 'node:crypto';
import { connect, createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { statusOf } from '../../devices/device.ts';
import type { DeviceStore, Owner } from '../../devices/ports.ts';
import { Secret } from '../../platform/crypto/secret.ts';
import type { Server } from '../../servers/server.ts';
import type { PeerStore } from '../ports.ts';
import {
  connectInProcess,
  createAgent,
  createMemoryBackend,
  createNoTraffic,
  type MemoryBackend,
} from '@cvault/agent';
import { encodeKey, generateKeyPair } from '@cvault/wireguard';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createDeviceStore } from '../../devices/store.ts';
import { createPeerStore } from '../peer-store.ts';
import { createServerEventStore } from '../../servers/event-store.ts';
import { createServerStore } from '../../servers/store.ts';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import { aDevice, aKey, aServer, aTenantWithUser } from '../../testing/fixtures.ts';
import { AgentClient } from '../agent-client.ts';
import { Fleet } from '../fleet.ts';
import type { LinkEvent } from './state.ts';
import { createOps } from '../ops.ts';
import type { LookCounts } from '../look.ts';
import { type Transport, TransportError } from '../transports/transport.ts';

let database: TestDatabase;
let devices: DeviceStore;
let peers: PeerStore;
let alice: Owner;
let server: Server & { publicKey: Buffer };
let backend: MemoryBackend;
let agent: Awaited<ReturnType<typeof createAgent>>;
let fleets: Fleet[] = [];
let events: LinkEvent[] = [];
let looks: LookCounts[] = [];
/** Faults that the agent finds on its host and cannot mend. */
let hostFaults: { code: string; detail: string }[] = [];
let region = 0;
/** Makes the VPN server unreachable: nothing connects, and open channels are cut. */
let away = false;
let channels: Duplex[] = [];

const transport: Transport = {
  open: () => {
    if (away) return Promise.reject(new TransportError('unreachable', 'the VPN server is away'));
    const channel = connectInProcess(agent);
    channels.push(channel);
    return Promise.resolve(channel);
  },
};

async function aFleet({ reconcileEveryMs = 3_600_000, store = peers } = {}): Promise<Fleet> {
  const fleet = new Fleet({
    linkedServers: () =>
      Promise.resolve([
        { id: server.id, publicKey: encodeKey(server.publicKey), fingerprint: 'same', transport },
      ]),
    peers: store,
    opOf: createOps({
      presharedKeyOf: (_peer, sealed) => new Secret(sealed),
      data: { dataLeft: () => Promise.resolve(new Map()) },
    }),
    onEvent: (_id, event) => events.push(event),
    onLook: (counts) => looks.push(counts),
    onError: (what, error) => {
      // These tests cut channels while messages are in flight.
      if (!/the channel to the agent/.test(String(error))) throw new Error(what, { cause: error });
    },
    ackDeadlineMs: 20_000,
    reconcileEveryMs,
  });
  fleets.push(fleet);
  await fleet.start();
  return fleet;
}

async function aReadyFleet(options: { reconcileEveryMs?: number; store?: PeerStore } = {}): Promise<Fleet> {
  const fleet = await aFleet(options);
  await until(() => fleet.stateOf(server.id)?.state === 'ready');
  return fleet;
}

async function newAgent(): Promise<void> {
  agent = await createAgent({
    backend,
    traffic: createNoTraffic(),
    createHostKeeper: () => () => Promise.resolve(hostFaults),
    lookIntervalMs: 20,
  });
}

function cut(): void {
  for (const channel of channels) channel.destroy();
  channels = [];
}

const until = (condition: () => boolean | Promise<boolean>) =>
  vi.waitUntil(condition, { timeout: 40_000, interval: 10 });

/** Waits for a look that began after this call and finds everything as desired. No earlier look is then running. */
async function untilQuiet(): Promise<void> {
  looks = [];
  await until(() => looks.length >= 2 && looks.at(-1)?.quiet === 1);
}

const onInterface = async () =>
  (await backend.peers()).map((peer) => `${peer.publicKey} ${peer.allowedIps.join()}`).sort();

const wanted = async () =>
  (await peers.desired(server.id))
    .filter((peer) => peer.present)
    .map((peer) => `${peer.publicKey} ${peer.addresses.map((address) => `${address}/32`).join()}`)
    .sort();

const converged = async () => JSON.stringify(await onInterface()) === JSON.stringify(await wanted());
const register = () => devices.register(aDevice(alice, { region: `region-${region}` }));
const status = async (id: string) => {
  const device = await devices.find(alice, id);
  return device === null ? 'none' : statusOf(device);
};

beforeAll(async () => {
  database = await createTestDatabase();
  devices = createDeviceStore(database.as('cvault_api'), 0);
  peers = createPeerStore(database.as('cvault_links'), 0);
});
afterAll(() => database.close());
beforeEach(async () => {
  away = false;
  [events, looks, hostFaults] = [[], [], []];
  server = await aServer(database, { region: `region-${++region}` });
  alice = await aTenantWithUser(database);
  backend = createMemoryBackend({ publicKey: encodeKey(server.publicKey) });
  await newAgent();
});
afterEach(async () => {
  await Promise.all(fleets.map((fleet) => fleet.close()));
  fleets = [];
  cut();
});

test('a pushed device is on the interface when the push answers, and active', async () => {
  const fleet = await aReadyFleet();
  const device = await register();
  expect(await status(device.id)).toBe('pending');
  expect(await fleet.push(device)).toEqual({ outcome: 'applied' });
  expect(await converged()).toBe(true);
  expect(await status(device.id)).toBe('active');
});

test('a deleted device is off the interface when the push answers, and its address comes free', async () => {
  const fleet = await aReadyFleet();
  const device = await register();
  await fleet.push(device);
  expect(await fleet.push((await devices.delete(alice, device.id))!)).toEqual({ outcome: 'applied' });
  expect(await onInterface()).toEqual([]);
  const { rows } = await database.pool.query(
    'SELECT state FROM ip_pool WHERE server_id = $1 AND address = $2',
    [server.id, device.assignedIp],
  );
  expect(rows).toEqual([{ state: 'quarantine' }]);
});

describe('while the agent names something that keeps packets from devices', () => {
  const noRoute = { code: 'no_route_out', detail: 'There is no default route.' };
  const problems = async () =>
    (await createServerStore(database.as('cvault_operator')).find(server.id))!.problems.map(
      ({ code }) => code,
    );

  test('no device becomes active, whoever pushes; those that were active stay, removals go on; then all are', async () => {
    const fleet = await aReadyFleet({ reconcileEveryMs: 50 });
    const [before, going] = [await register(), await register()];
    for (const device of [before, going]) await fleet.push(device);
    hostFaults = [noRoute];
    await until(async () => (await problems()).join() === 'no_route_out');
    const device = await register();
    expect(await fleet.push(device)).toEqual({ outcome: 'pending' });
    expect(await converged(), 'it works at once when the host does').toBe(true);
    await fleet.push((await devices.delete(alice, going.id))!);
    expect(await status(going.id)).toBe('none');
    // The sweep and the reconcile would have acknowledged it.
    looks = [];
    await until(() => looks.filter(({ full }) => full === 1).length >= 2);
    expect([await status(before.id), await status(device.id)]).toEqual(['active', 'pending']);
    hostFaults = [];
    await until(async () => (await status(device.id)) === 'active');
    expect(await problems()).toEqual([]);
  });

  test('what was wrong before the channel was there is told with it', async () => {
    hostFaults = [noRoute];
    const fleet = await aReadyFleet();
    await until(async () => (await problems()).join() === 'no_route_out');
    expect(await fleet.push(await register())).toEqual({ outcome: 'pending' });
  });

  test('what it said last stands, however late the database hears of what it said before', async () => {
    let isHeld = false;
    let release!: () => void;
    const held = new Promise<void>((resolve) => (release = resolve));
    const noteCondition: PeerStore['noteCondition'] = async (serverId, epoch, report) => {
      if (report.problems.length > 0) {
        isHeld = true;
        await held;
      }
      await peers.noteCondition(serverId, epoch, report);
    };
    await aReadyFleet({ store: { ...peers, noteCondition } });
    hostFaults = [noRoute];
    await until(() => isHeld);
    hostFaults = [];
    await until(() => events.filter(({ type }) => type === 'host').length === 2);
    release();
    const codes = async () =>
      (
        await createServerEventStore(database.as('cvault_operator')).list({ serverId: server.id, limit: 10 })
      ).map(({ type }) => type);
    await until(async () => (await codes()).includes('server.degraded'));
    await until(async () => (await problems()).length === 0);
    expect((await codes())[0]).toBe('server.restored');
  });

  test('a look that somebody asks for finds what nobody has noticed', async () => {
    const fleet = await aReadyFleet();
    hostFaults = [noRoute];
    expect(await fleet.examineHost(server.id)).toMatchObject({ problems: [noRoute] });
    expect(await problems()).toEqual(['no_route_out']);
  });
});

describe('what was lost is made up for', () => {
  test('a process that died between commit and push: another one sweeps', async () => {
    await aReadyFleet();
    const device = await register();
    await until(async () => (await status(device.id)) === 'active');
    expect(await converged()).toBe(true);
    const { rows } = await database.pool.query('SELECT FROM outbox WHERE device_id = $1', [device.id]);
    expect(rows).toHaveLength(0);
  });

  test('a VPN server that is away: registered, deleted, and both done once it is back', async () => {
    const fleet = await aReadyFleet();
    const before = await register();
    await fleet.push(before);
    away = true;
    cut();
    await until(() => fleet.stateOf(server.id)?.state !== 'ready');
    const during = await register();
    expect(await fleet.push(during)).toEqual({ outcome: 'pending' });
    expect(await fleet.push((await devices.delete(alice, before.id))!)).toEqual({ outcome: 'pending' });
    expect(await onInterface()).toHaveLength(1);
    away = false;
    await until(async () => (await status(during.id)) === 'active');
    await until(converged);
    await until(async () => {
      const { rowCount } = await database.pool.query(
        'SELECT FROM devices WHERE id = $1 AND removed_at IS NOT NULL',
        [before.id],
      );
      return rowCount === 1;
    });
  });

  test('a channel that is cut: it counts as unreachable once it cannot be opened again, not before', async () => {
    const fleet = await aReadyFleet();
    const seen: (boolean | undefined)[] = [];
    cut();
    await until(() => {
      seen.push(fleet.linkTo(server.id)?.linked);
      return events.filter(({ type }) => type === 'ready').length === 2;
    });
    expect(seen).not.toContain(false);
    away = true;
    cut();
    await until(() => fleet.linkTo(server.id)?.linked === false);
  });

  test('an interface that lost its peers: a new epoch, everything is set again', async () => {
    const fleet = await aReadyFleet();
    const made = await Promise.all(Array.from({ length: 30 }, register));
    await Promise.all(made.map((device) => fleet.push(device)));
    backend.recreate();
    await newAgent();
    cut();
    await until(async () => (await onInterface()).length === 30);
    await until(async () =>
      (await Promise.all(made.map(({ id }) => status(id)))).every((each) => each === 'active'),
    );
    expect(await converged()).toBe(true);
  });

  test('an agent that started anew on a living interface: nothing is written, everything is acknowledged', async () => {
    const fleet = await aReadyFleet();
    const device = await register();
    await fleet.push(device);
    const { writes } = backend;
    await newAgent();
    cut();
    await until(() => events.filter(({ type }) => type === 'ready').length === 2);
    expect(await status(device.id)).toBe('active');
    expect(backend.writes).toBe(writes);
  });
});

test('peers that nobody wants are evicted, on connecting and afterwards; what was removed by hand is set again', async () => {
  backend.byHand({ kind: 'set', publicKey: aKey(), allowedIps: ['10.8.0.77/32'] });
  await newAgent();
  const fleet = await aReadyFleet({ reconcileEveryMs: 50 });
  await until(async () => (await onInterface()).length === 0);
  const device = await register();
  await fleet.push(device);
  backend.byHand({ kind: 'set', publicKey: aKey(), allowedIps: ['0.0.0.0/0'] });
  backend.byHand({ kind: 'remove', publicKey: encodeKey(device.publicKey) });
  expect(await converged()).toBe(false);
  await until(converged);
});

test('a VPN server at rest is quiet: agent and database agree on one number, nothing is written; drift ends that, once', async () => {
  const fleet = await aReadyFleet({ reconcileEveryMs: 50 });
  const device = await register();
  await fleet.push(device);
  await fleet.push(await register());
  await untilQuiet();
  const { writes } = backend;
  looks = [];
  await until(() => looks.filter((look) => look.quiet === 1).length >= 3);
  expect(looks.every((look) => look.full === 0)).toBe(true);
  expect(backend.writes).toBe(writes);
  backend.byHand({ kind: 'set', publicKey: encodeKey(device.publicKey), allowedIps: ['10.8.0.99/32'] });
  await until(converged);
  await until(() => events.some(({ type }) => type === 'repaired'));
  await untilQuiet();
  expect(events.filter(({ type }) => type === 'repaired')).toMatchObject([
    { set: 1, drift: { added: 0, removed: 0, changed: 1 } },
  ]);
  expect(await status(device.id)).toBe('active');
});

describe('while a device changes its key with an overlap', () => {
  async function rotating() {
    const fleet = await aReadyFleet({ reconcileEveryMs: 50 });
    const device = await register();
    await fleet.push(device);
    const publicKey = generateKeyPair().publicKey;
    const change = { publicKey, sealedPrivateKey: null, sealedPresharedKey: null, overlapSeconds: 3_600 };
    const rotated = (await devices.rotate(alice, device.id, change))!;
    expect(await fleet.push(rotated)).toEqual({ outcome: 'applied' });
    const address = `${device.assignedIp}/32`;
    const both = [`${encodeKey(device.publicKey)} ${address}`, `${encodeKey(publicKey)} `].sort();
    return { fleet, rotated, publicKey: encodeKey(publicKey), address, both };
  }

  test('its VPN server is quiet: nothing is written, however often it is reconciled', async () => {
    const { fleet, both } = await rotating();
    await untilQuiet();
    // A look between a commit and its push sets the device first, and rightly calls that a repair.
    const repairs = () => events.filter(({ type }) => type === 'repaired').length;
    const [{ writes }, repaired] = [backend, repairs()];
    looks = [];
    await until(() => looks.filter((look) => look.quiet === 1).length >= 3);
    expect(looks.every((look) => look.full === 0)).toBe(true);
    cut();
    await until(() => events.filter(({ type }) => type === 'ready').length === 2);
    expect(backend.writes).toBe(writes);
    expect(await onInterface()).toEqual(both);
    expect(repairs()).toBe(repaired);
    expect(fleet.stateOf(server.id)?.state).toBe('ready');
  });

  test('an agent that starts anew leaves the old key at work until the new one is used', async () => {
    const { rotated, publicKey, address, both } = await rotating();
    await newAgent();
    cut();
    await until(() => events.filter(({ type }) => type === 'ready').length === 2);
    expect(await status(rotated.id)).toBe('active');
    expect(await onInterface()).toEqual(both);
    backend.shakeHands(publicKey);
    await until(async () => (await onInterface()).join() === `${publicKey} ${address}`);
    await until(converged);
  });
});

test('an address that was moved by hand comes back: who has it too many gives it up first, nobody fails', async () => {
  const fleet = await aReadyFleet({ reconcileEveryMs: 50 });
  const [one, two] = [await register(), await register()];
  await Promise.all([fleet.push(one), fleet.push(two)]);
  const both = [`${one.assignedIp}/32`, `${two.assignedIp}/32`];
  for (const thief of [one, two]) {
    backend.byHand({ kind: 'set', publicKey: encodeKey(thief.publicKey), allowedIps: both });
    expect(await converged()).toBe(false);
    await until(converged);
  }
  expect([await status(one.id), await status(two.id)]).toEqual(['active', 'active']);
});

test('registered and deleted while a link reconciles again and again, by two replicas: all ends as the database says', async () => {
  const [one, two] = [await aReadyFleet(), await aReadyFleet()];
  const churn = Array.from({ length: 40 }, async (_, n) => {
    const mine = n % 2 === 0 ? one : two;
    const other = n % 2 === 0 ? two : one;
    const device = await register();
    const setting = mine.push(device);
    if (n % 3 === 0) {
      const deleted = (await devices.delete(alice, device.id))!;
      await other.push(deleted);
    }
    await setting;
    if (n % 10 === 0) cut();
  });
  await Promise.all(churn);
  await until(converged);
  await until(async () => {
    const open = await peers.desired(server.id);
    return open.every((peer) => peer.present && peer.appliedGeneration === peer.generation);
  });
  expect(await converged()).toBe(true);
});

test('an address that another device holds is a conflict: nothing is stolen, and the device counts no more', async () => {
  const fleet = await aReadyFleet();
  const holder = {
    verb: 'set',
    deviceId: randomUUID(),
    generation: 1,
    publicKey: aKey(),
    addresses: ['10.8.0.2'],
  } as const;
  const client = await AgentClient.open(connectInProcess(agent));
  expect(await client.apply([{ ...holder, addresses: [...holder.addresses] }])).toEqual([
    { outcome: 'applied' },
  ]);
  client.close();
  const device = await register();
  expect(device.assignedIp).toBe('10.8.0.2');
  expect(await fleet.push(device)).toMatchObject({ outcome: 'refused', reason: 'conflict' });
  expect(await onInterface()).toEqual([`${holder.publicKey} 10.8.0.2/32`]);
  expect(await status(device.id)).toBe('failed');
  const { rows } = await database.pool.query('SELECT device_count FROM tenants WHERE id = $1', [
    alice.tenantId,
  ]);
  expect(rows).toEqual([{ device_count: 0 }]);
});

describe('the VPN server’s own tunnel addresses', () => {
  const own = async () => [...(await backend.describe()).addresses].sort();

  test('are on its interface once the link is ready', async () => {
    await aReadyFleet();
    expect(await own()).toEqual(['10.8.0.1/24']);
  });

  test('follow a pool that was added, before the first device of it is', async () => {
    const servers = createServerStore(database.as('cvault_operator'));
    const fleet = await aReadyFleet();
    await servers.addPool(server.id, '10.20.0.0/29');
    await database.pool.query(
      "UPDATE ip_pool SET free_after = now() + interval '1 hour' WHERE server_id = $1 AND address << '10.8.0.0/24'",
      [server.id],
    );
    const device = await register();
    expect(device.assignedIp).toBe('10.20.0.2');
    expect(await fleet.push(device)).toEqual({ outcome: 'applied' });
    expect(await own()).toEqual(['10.20.0.1/29', '10.8.0.1/24']);
  });

  test('follow a pool that was grown, with the next reconcile', async () => {
    const servers = createServerStore(database.as('cvault_operator'));
    await aReadyFleet({ reconcileEveryMs: 50 });
    const [pool] = await servers.pools(server.id);
    await servers.growPool(server.id, pool!.id, '10.8.0.0/22');
    await expect.poll(own).toContain('10.8.0.1/22');
  });
});

test('an interface with another key than the database’s is not used', async () => {
  backend = createMemoryBackend({ publicKey: aKey() });
  await newAgent();
  const fleet = await aFleet();
  await until(() => events.some(({ type }) => type === 'away'));
  const device = await register();
  expect(await fleet.push(device)).toEqual({ outcome: 'pending' });
  expect(await onInterface()).toEqual([]);
});

test.each([
  ['not an agent', 'SSH-2.0-OpenSSH\n'],
  ['another protocol', `${JSON.stringify({ type: 'hello', protocol: 99 })}\n`],
])('what answers is %s: the link stays away and goes on trying', async (_name, greeting) => {
  const listener = createServer((socket) => socket.end(greeting)).listen(0, '127.0.0.1');
  await new Promise((resolve) => listener.once('listening', resolve));
  const { port } = listener.address() as { port: number };
  const { open } = transport;
  transport.open = () => Promise.resolve(connect(port, '127.0.0.1') as Duplex);
  try {
    const fleet = await aFleet();
    await until(() => events.filter(({ type }) => type === 'away').length > 1);
    expect(fleet.stateOf(server.id)?.state).not.toBe('ready');
  } finally {
    transport.open = open;
    listener.close();
  }
});
