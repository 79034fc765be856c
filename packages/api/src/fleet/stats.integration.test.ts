/** The sampler over a real channel, to a scripted agent. */
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { connect } from 'node:net';
import type { Device } from '../devices/device.ts';
import type { DeviceStore, Owner } from '../devices/ports.ts';
import { newId } from '../platform/ids.ts';
import { createItems } from '../platform/jobs/items.ts';
import type { Server } from '../servers/server.ts';
import { readCounters } from '../usage/read-counters.job.ts';
import {
  type DeviceStats,
  encodeLine,
  LineDecoder,
  PROTOCOL_VERSION,
  STATS_PAGE_DEVICES,
} from '@cvault/protocol';
import { encodeKey } from '@cvault/wireguard';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createDeviceStore } from '../devices/store.ts';
import { createPeerStore } from './peer-store.ts';
import { createDataLimitStore } from '../usage/data-limits.ts';
import { createMeterStore } from '../usage/meter-store.ts';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { aDevice, anEpoch, aServer, aTenantWithUser } from '../testing/fixtures.ts';
import { Fleet } from './fleet.ts';
import { strictItems } from '../testing/items.ts';

let database: TestDatabase;
let devices: DeviceStore;
let server: Server & { publicKey: Buffer };
let alice: Owner;
let listener: NetServer;
let fleets: Fleet[] = [];
let sockets: Socket[] = [];
let errors: unknown[] = [];
let region = 0;

/** The agent's answers. */
let counts: DeviceStats[] = [];
let epoch: string;
let life = 'a'.repeat(32);
let pass = 0;
/** The `stored` of every reading that the agent received. */
let told: (number | undefined)[] = [];
/** Cuts the channel instead of answering the page with this number. */
let cutAtPage = -1;

function answer(socket: Socket, request: Record<string, unknown>): void {
  const id = request['id'];
  const reply = (body: object) => void socket.write(encodeLine({ id, ...body }));
  switch (request['type']) {
    case 'list':
      return reply({ type: 'listed', epoch, peers: [], more: false });
    case 'digest':
      return reply({ type: 'digest', epoch, peers: 0, digest: '0'.repeat(16), drifted: 0 });
    case 'configure':
      return reply({ type: 'configured' });
    case 'apply':
      return reply({
        type: 'applied',
        results: (request['ops'] as unknown[]).map(() => ({ outcome: 'applied' })),
      });
    case 'stats': {
      const after = request['after'] as string | undefined;
      if (after === undefined) {
        pass++;
        told.push(request['stored'] as number | undefined);
      }
      const left = counts.filter(({ deviceId }) => after === undefined || deviceId > after);
      if (cutAtPage === Math.round((counts.length - left.length) / STATS_PAGE_DEVICES))
        return void socket.destroy();
      const page = left.slice(0, STATS_PAGE_DEVICES);
      return reply({ type: 'stats', epoch, life, pass, devices: page, more: left.length > page.length });
    }
    case 'features':
      return reply({ type: 'refused', code: 'bad_request', detail: 'type: invalid_union' });
    default:
      return reply({ type: 'status', epoch, peerCount: 0 });
  }
}

function serve(socket: Socket): void {
  sockets.push(socket);
  const decoder = new LineDecoder();
  socket.on('error', () => undefined);
  socket.write(
    encodeLine({
      type: 'hello',
      protocol: PROTOCOL_VERSION,
      agentVersion: '0',
      epoch,
      interface: 'wg0',
      publicKey: encodeKey(server.publicKey),
      listenPort: 51820,
      peerCount: 0,
    }),
  );
  socket.on('data', (chunk: Buffer) => {
    for (const line of decoder.push(chunk)) answer(socket, JSON.parse(line) as Record<string, unknown>);
  });
}

/** One process of the control plane. */
async function aProcess(): Promise<ReturnType<typeof readCounters>> {
  const { port } = listener.address() as { port: number };
  const fleet = new Fleet({
    linkedServers: () =>
      Promise.resolve([
        {
          id: server.id,
          publicKey: encodeKey(server.publicKey),
          fingerprint: 'same',
          transport: { open: () => Promise.resolve(connect(port, '127.0.0.1')) },
        },
      ]),
    peers: createPeerStore(database.as('cvault_links'), 0),
    opOf: () => Promise.reject(new Error('this VPN server is only read')),
    onEvent: () => undefined,
    onError: (what, error) => errors.push(what, error),
    ackDeadlineMs: 2_000,
    reconcileEveryMs: 3_600_000,
  });
  fleets.push(fleet);
  await fleet.start();
  await vi.waitUntil(() => fleet.readable().length === 1, { timeout: 40_000, interval: 10 });
  return readCounters({
    counters: fleet,
    meters: createMeterStore(database.as('cvault_metering')),
    limits: createDataLimitStore(database.as('cvault_metering')),
    peers: fleet,
    everySeconds: 30,
  });
}

async function due(): Promise<void> {
  await database.pool.query(
    'UPDATE meter_passes SET due_at = now() - make_interval(secs => 1) WHERE server_id = $1',
    [server.id],
  );
}

const stats = (
  device: Device | { id: string },
  receivedBytes: number,
  over: Partial<DeviceStats> = {},
): DeviceStats => ({
  deviceId: device.id,
  receivedBytes,
  sentBytes: 0,
  handshake: 'live',
  gone: false,
  ...over,
});

async function uploaded(): Promise<number> {
  const { rows } = await database.pool.query<{ bytes: number }>(
    'SELECT coalesce(sum(upload_bytes), 0)::bigint AS bytes FROM usage_metrics WHERE tenant_id = $1',
    [alice.tenantId],
  );
  return rows[0]!.bytes;
}

beforeAll(async () => {
  database = await createTestDatabase(20);
  devices = createDeviceStore(database.as('cvault_api'), 0);
  listener = createServer(serve).listen(0, '127.0.0.1');
  await new Promise((resolve) => listener.once('listening', resolve));
});
afterAll(async () => {
  await new Promise((resolve) => listener.close(resolve));
  await database.close();
});
beforeEach(async () => {
  server = await aServer(database, { region: `region-${++region}`, cidr: '10.8.0.0/20' });
  alice = await aTenantWithUser(database);
  [epoch, counts, pass, told, cutAtPage, errors] = [anEpoch(), [], 0, [], -1, []];
  life = 'a'.repeat(32);
});
afterEach(async () => {
  await Promise.all(fleets.map((fleet) => fleet.close()));
  for (const socket of sockets) socket.destroy();
  [fleets, sockets] = [[], []];
});

const register = () => devices.register(aDevice(alice, { region: server.region }));

test('what an agent tells is in the database, once per interval, and it hears what was stored', async () => {
  const metering = await aProcess();
  const device = await register();
  counts = [stats(device, 100)];
  await metering.run(strictItems());
  await metering.run(strictItems());
  await metering.run(strictItems());
  expect(await uploaded()).toBe(100);
  expect(told).toEqual([undefined]);
  counts = [stats(device, 150)];
  await due();
  await metering.run(strictItems());
  expect(told).toEqual([undefined, 1]);
  expect(await uploaded()).toBe(150);
  expect(errors).toEqual([]);
});

test('a pass that is cut off in the middle is not called stored; the next one counts what is missing, once', async () => {
  const metering = await aProcess();
  const device = await register();
  const strangers = Array.from({ length: 2_100 }, () => stats({ id: newId() }, 1));
  counts = [...strangers, stats(device, 70)].sort((a, b) => (a.deviceId < b.deviceId ? -1 : 1));
  await metering.run(strictItems());
  await due();
  cutAtPage = 1;
  const items = createItems();
  await metering.run(items);
  expect(items.failing()).toMatchObject([{ item: server.id }]);
  expect(await uploaded()).toBe(0);
  cutAtPage = -1;
  await vi.waitUntil(
    async () => {
      await due();
      // The link may still be away.
      await metering.run(createItems());
      return (await uploaded()) > 0;
    },
    { timeout: 40_000, interval: 50 },
  );
  expect(await uploaded()).toBe(70);
  expect(told.every((stored) => stored === undefined)).toBe(true);
});

test('two processes at once count nothing twice, whoever’s turn it is', async () => {
  const [one, two] = [await aProcess(), await aProcess()];
  const made = await Promise.all(Array.from({ length: 20 }, register));
  await one.run(strictItems());
  for (let round = 1; round <= 10; round++) {
    counts = made
      .map((device) => stats(device, round * 1_000))
      .sort((a, b) => (a.deviceId < b.deviceId ? -1 : 1));
    await due();
    await Promise.all([
      one.run(strictItems()),
      two.run(strictItems()),
      due().then(() => two.run(strictItems())),
    ]);
  }
  await due();
  await one.run(strictItems());
  expect(await uploaded()).toBe(20 * 10_000);
  expect(errors).toEqual([]);
});

test('an agent and an interface that began anew: counted from 0', async () => {
  const metering = await aProcess();
  const device = await register();
  counts = [stats(device, 500)];
  await metering.run(strictItems());
  await due();
  await metering.run(strictItems());
  epoch = anEpoch();
  life = 'b'.repeat(32);
  pass = 0;
  counts = [stats(device, 30)];
  for (const socket of sockets.splice(0)) socket.destroy();
  await vi.waitUntil(
    async () => {
      await due();
      await metering.run(strictItems());
      return (await uploaded()) === 530;
    },
    { timeout: 40_000, interval: 50 },
  );
  expect(told.at(-1), 'the new agent knows no earlier pass').toBeUndefined();
});
