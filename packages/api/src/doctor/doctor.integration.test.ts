/** Plants a breach of each kind, with the protecting constraint removed, and expects it to be found. */
import type { Device } from '../devices/device.ts';
import type { Owner } from '../devices/ports.ts';
import type { ObservedPeer } from '../fleet/peer.ts';
import type { PeerStore } from '../fleet/ports.ts';
import { newId } from '../platform/ids.ts';
import { type Breach, BREACHES, type Finding } from './finding.ts';
import { createDoctor } from './service.ts';
import { systemClock } from '../platform/clock.ts';
import type { JobStatus } from '../platform/jobs/status.ts';
import { encodeKey } from '@cvault/wireguard';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { aDevice, aKey, anEpoch, aServer, aTenantWithUser } from '../testing/fixtures.ts';
import { createDeviceStore } from '../devices/store.ts';
import { createPeerStore } from '../fleet/peer-store.ts';
import { createDoctorStore } from './store.ts';

let database: TestDatabase;
let alice: Owner;
let bob: Owner;
let serverId: string;
let epoch: string;
let phone: Device;
let laptop: Device;
let gone: Device;
/** The rollback removes planted rows. */
let db: pg.PoolClient;

beforeAll(async () => {
  database = await createTestDatabase();
  const devices = createDeviceStore(database.as('cvault_api'), 0);
  const peers = createPeerStore(database.as('cvault_links'), 600);
  serverId = (await aServer(database)).id;
  epoch = anEpoch();
  await peers.adoptEpoch(serverId, epoch);
  [alice, bob] = [await aTenantWithUser(database), await aTenantWithUser(database)];
  const acknowledge = (device: Device) =>
    peers.acknowledge(serverId, epoch, [{ deviceId: device.id, generation: device.generation }]);
  phone = await devices.register(aDevice(alice));
  laptop = await devices.register(aDevice(bob));
  gone = await devices.register(aDevice(alice));
  for (const device of [phone, laptop, gone]) await acknowledge(device);
  await acknowledge((await devices.delete(alice, gone.id))!);
});
afterAll(() => database.close());
beforeEach(async () => {
  db = await database.pool.connect();
  await db.query('BEGIN');
});
afterEach(async () => {
  await db.query('ROLLBACK');
  db.release();
});

const recorded = () => createDoctorStore({ pool: db }).examine();
const brief = (findings: readonly Finding[]) => findings.map(({ breach, subject }) => [breach, subject]);
/** Disables triggers and foreign keys, as a superuser can. */
const unguarded = (sql: string, values: unknown[] = []) =>
  db.query('SET LOCAL session_replication_role = replica').then(() => db.query(sql, values));
const without = (constraint: string, table = 'devices') =>
  db.query(`ALTER TABLE ${table} DROP CONSTRAINT ${constraint}`);

test('a healthy database has no findings', async () => {
  expect(await recorded()).toEqual([]);
});

test('waiting devices are no findings: pending, removing, failed', async () => {
  const devices = createDeviceStore(database.as('cvault_api'), 60_000);
  const peers = createPeerStore(database.as('cvault_links'), 600);
  const carol = await aTenantWithUser(database);
  const [pending, removing, failed] = [
    await devices.register(aDevice(carol)),
    await devices.register(aDevice(carol)),
    await devices.register(aDevice(carol)),
  ];
  await devices.delete(carol, removing.id);
  await peers.fail(
    { tenantId: carol.tenantId, deviceId: failed.id, generation: failed.generation },
    'conflict',
  );
  expect(pending.generation).toBe(1);
  expect(await recorded()).toEqual([]);
  await devices.delete(carol, failed.id);
  expect(await recorded()).toEqual([]);
});

describe('in the database', () => {
  const planted: Partial<Record<Breach, () => Promise<[string, ...Breach[]]>>> = {
    async duplicate_address() {
      await db.query('DROP INDEX devices_live_address');
      await unguarded('UPDATE devices SET assigned_ip = $2 WHERE id = $1', [phone.id, laptop.assignedIp]);
      return [laptop.assignedIp, 'lost_lease'];
    },
    async duplicate_key() {
      await db.query('DROP INDEX devices_live_public_key');
      await unguarded('UPDATE devices SET public_key = $2 WHERE id = $1', [phone.id, laptop.publicKey]);
      return [[phone.id, laptop.id].sort()[0]!, 'unregistered_key'];
    },
    async leaked_lease() {
      await unguarded(
        "UPDATE ip_pool SET state = 'held', tenant_id = $1, device_id = $2 WHERE server_id = $3 AND address = $4",
        [gone.tenantId, gone.id, serverId, gone.assignedIp],
      );
      return [gone.assignedIp];
    },
    async lost_lease() {
      await unguarded(
        "UPDATE ip_pool SET state = 'free', tenant_id = NULL, device_id = NULL WHERE device_id = $1",
        [phone.id],
      );
      return [phone.id];
    },
    async early_release() {
      await unguarded(
        "UPDATE devices SET state = 'deleted', generation = generation + 1, private_key = NULL WHERE id = $1",
        [phone.id],
      );
      await unguarded(
        "UPDATE ip_pool SET state = 'free', tenant_id = NULL, device_id = NULL WHERE device_id = $1",
        [phone.id],
      );
      return [phone.id, 'counter_off', 'unqueued_change'];
    },
    async outside_pool() {
      await unguarded(
        "UPDATE ip_pool SET address = '192.0.2.1' WHERE server_id = $1 AND address = '10.8.0.200'",
        [serverId],
      );
      return ['192.0.2.1'];
    },
    async counter_off() {
      await unguarded('UPDATE tenants SET device_count = device_count + 1 WHERE id = $1', [alice.tenantId]);
      await unguarded('UPDATE tenant_users SET device_count = device_count - 1 WHERE id = $1', [
        alice.userId,
      ]);
      return [alice.tenantId];
    },
    async generation_ahead() {
      await without('devices_generations');
      await unguarded('UPDATE devices SET applied_generation = generation + 1 WHERE id = $1', [phone.id]);
      return [phone.id];
    },
    async unqueued_change() {
      await unguarded('UPDATE devices SET generation = generation + 1 WHERE id = $1', [phone.id]);
      return [phone.id];
    },
    async acknowledged_queued() {
      await unguarded(
        'INSERT INTO outbox (tenant_id, server_id, device_id, generation) VALUES ($1, $2, $3, 1)',
        [phone.tenantId, serverId, phone.id],
      );
      return [phone.id];
    },
    async unregistered_key() {
      await unguarded('UPDATE public_keys SET tenant_id = $2 WHERE device_id = $1', [phone.id, bob.tenantId]);
      return [phone.id];
    },
    async retired_key_alive() {
      await unguarded(
        'UPDATE public_keys SET device_id = $1 WHERE key_hash = (SELECT sha256(public_key) FROM devices WHERE id = $1)',
        [gone.id],
      );
      return [gone.id];
    },
    async stuck_pending() {
      await unguarded('UPDATE devices SET generation = generation + 1 WHERE id = $1', [phone.id]);
      await unguarded(
        `INSERT INTO outbox (tenant_id, server_id, device_id, generation, created_at)
         VALUES ($1, $2, $3, 2, now() - interval '2 minutes')`,
        [phone.tenantId, serverId, phone.id],
      );
      return [phone.id];
    },
    async server_degraded() {
      await db.query(
        `UPDATE servers SET degraded_since = now(),
           degraded_reasons = '[{"code": "no_route_out", "detail": "x", "since": "2026-01-01T00:00:00.000Z"}]'`,
      );
      const { rows } = await db.query<{ name: string }>('SELECT name FROM servers');
      return [`${rows[0]!.name}: no_route_out`];
    },
    async foreign_reference() {
      await unguarded('UPDATE devices SET user_id = $2 WHERE id = $1', [phone.id, bob.userId]);
      return [phone.id, 'counter_off'];
    },
  };

  test('counter_off of a user is found', async () => {
    await unguarded('UPDATE tenant_users SET device_count = device_count - 1 WHERE id = $1', [alice.userId]);
    expect(brief(await recorded())).toEqual([['counter_off', alice.userId]]);
  });

  test.each(Object.entries(planted))('%s is found', async (breach, plant) => {
    const [subject, ...others] = await plant();
    const found = brief(await recorded());
    expect(found).toContainEqual([breach, subject]);
    expect(new Set(found.map(([each]) => each))).toEqual(new Set([breach, ...others]));
  });
});

describe('on an interface', () => {
  let carried: ObservedPeer[];
  const peerOf = (device: Device, over: Partial<ObservedPeer> = {}): ObservedPeer => ({
    publicKey: encodeKey(device.publicKey),
    allowedIps: [`${device.assignedIp}/32`],
    owner: { deviceId: device.id, generation: device.generation },
    ...over,
  });
  const deep = async (list: () => ObservedPeer[] | null = () => carried, jobs: readonly JobStatus[] = []) => {
    const peers: PeerStore = createPeerStore(database.as('cvault_links'), 600);
    const doctor = createDoctor({
      store: createDoctorStore(database.as('cvault_operator')),
      peers,
      fleet: {
        examineHost: () => Promise.resolve(null),
        list: () => {
          const listed = list();
          return Promise.resolve(listed === null ? null : { epoch, peers: listed });
        },
      },
      jobs: () => jobs,
      clock: systemClock,
      secondLookMs: 0,
    });
    return doctor.examine(true);
  };
  beforeEach(() => {
    carried = [peerOf(phone), peerOf(laptop)];
  });

  test('a correct interface has no findings', async () => {
    expect(await deep()).toEqual({ findings: [], interfacesExamined: 1, unreachable: [], repairs: [] });
  });

  test.each<[Breach, string, () => void]>([
    ['orphan_peer', 'made by hand', () => carried.push(peerOf(phone, { publicKey: aKey(), owner: null }))],
    [
      'orphan_peer',
      'of a device that nobody knows',
      () => carried.push(peerOf(phone, { publicKey: aKey(), owner: { deviceId: newId(), generation: 1 } })),
    ],
    ['missing_peer', 'taken away', () => carried.shift()],
    ['wrong_addresses', 'moved', () => (carried[0] = peerOf(phone, { allowedIps: ['10.8.0.99/32'] }))],
    ['wrong_addresses', 'too wide', () => (carried[0] = peerOf(phone, { allowedIps: ['0.0.0.0/0'] }))],
    [
      'peer_ahead',
      'of a generation to come',
      () => (carried[0] = peerOf(phone, { owner: { deviceId: phone.id, generation: 9 } })),
    ],
  ])('%s is found: a peer %s', async (breach, _how, plant) => {
    plant();
    expect((await deep()).findings.map((finding) => finding.breach)).toContain(breach);
  });

  test('a job that has not succeeded in three of its periods is named', async () => {
    const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000);
    const status: JobStatus = {
      name: 'evacuate',
      everyMs: 1_000,
      running: false,
      startedAt: ago(1),
      endedAt: ago(1),
      succeededAt: ago(10),
      waitedForSince: ago(10),
      durationMs: 1,
      error: new Error('no such table'),
      failedRuns: 600,
      failing: [],
      resting: 0,
      done: {},
    };
    const recently = { ...status, name: 'renew keys', waitedForSince: ago(1) };
    const seldom = { ...status, name: 'forget old audit', everyMs: 3_600_000 };
    const { findings } = await deep(() => carried, [status, recently, seldom]);
    expect(findings).toMatchObject([
      {
        breach: 'stalled_job',
        subject: 'evacuate',
        detail: `last succeeded at ${status.succeededAt!.toISOString()}, no such table`,
      },
    ]);
  });

  test('a difference that is gone at the second look is no finding', async () => {
    let looks = 0;
    expect((await deep(() => (looks++ === 0 ? [] : carried))).findings).toEqual([]);
    expect(looks).toBe(2);
  });

  test('an unreachable VPN server is reported as such', async () => {
    expect(await deep(() => null)).toEqual({
      findings: [],
      interfacesExamined: 0,
      unreachable: [serverId],
      repairs: [],
    });
  });
});

test('every breach is planted here', () => {
  const interfaces: Breach[] = ['orphan_peer', 'missing_peer', 'wrong_addresses', 'peer_ahead'];
  const jobs: Breach[] = ['stalled_job'];
  // In platform/jobs/poisoned-rows.integration.test.ts.
  const work: Breach[] = ['failing_work'];
  expect(Object.keys(BREACHES)).toHaveLength(15 + interfaces.length + jobs.length + work.length);
});
