/** Devices that move between VPN servers, in races and with unreachable VPN servers. */
import type { PeerStore } from '../fleet/ports.ts';
import type { Device } from './device.ts';
import { HOLDS } from './hold.ts';
import type { DeviceStore, Owner } from './ports.ts';
import { encodeKey } from '@cvault/wireguard';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { aDevice, anEpoch, aServer, aTenantWithUser } from '../testing/fixtures.ts';
import { createPeerStore } from '../fleet/peer-store.ts';
import { finishDepartures } from './finish-departures.job.ts';
import { putHold } from './hold-sql.ts';
import { createDeviceStore } from './store.ts';
import { strictItems } from '../testing/items.ts';

let database: TestDatabase;
let devices: DeviceStore;
let peers: PeerStore;
let alice: Owner;
let number = 0;
let region: string;
let here: string;
let there: string;
const epochs = new Map<string, string>();

beforeAll(async () => {
  database = await createTestDatabase(40);
  devices = createDeviceStore(database.as('cvault_api'), 0);
  peers = createPeerStore(database.as('cvault_links'), 0);
});
afterAll(() => database.close());
beforeEach(async () => {
  region = `region-${++number}`;
  alice = await aTenantWithUser(database);
  [here, there] = [await aVpnServer(), await aVpnServer()];
});

async function aVpnServer(cidr = '10.8.0.0/24'): Promise<string> {
  const { id } = await aServer(database, { region, cidr });
  const epoch = anEpoch();
  await peers.adoptEpoch(id, epoch);
  epochs.set(id, epoch);
  return id;
}

const to = (serverId: string) => ({ region: null, serverId });
const register = () => devices.register(aDevice(alice, { serverId: here }));
const move = async (id: string, serverId: string) => (await devices.move(alice, id, to(serverId)))!;

/** Acknowledges all desired peers, as a VPN server's link does. */
async function settle(serverId: string): Promise<void> {
  const desired = await peers.desired(serverId);
  const acks = desired.map(({ deviceId, generation }) => ({ deviceId, generation }));
  await peers.acknowledge(serverId, epochs.get(serverId)!, acks);
  await finishDepartures(database.as('cvault_jobs')).run(strictItems());
}

const leases = async (id: string) =>
  (
    await database.pool.query<{ server_id: string; address: string; state: string }>(
      'SELECT server_id, host(address) AS address, state FROM ip_pool WHERE device_id = $1 ORDER BY state',
      [id],
    )
  ).rows;

/** The rules for every device and address of this database that must hold after any race. */
async function invariants(): Promise<void> {
  const { rows } = await database.pool.query(`
    SELECT 'live without its lease' AS broken, id FROM devices d WHERE state IN ('live', 'suspended') AND NOT EXISTS (
      SELECT FROM ip_pool WHERE server_id = d.server_id AND address = d.assigned_ip AND device_id = d.id AND state = 'held')
    UNION ALL SELECT 'held by what is not there', device_id FROM ip_pool p WHERE state = 'held' AND NOT EXISTS (
      SELECT FROM devices WHERE server_id = p.server_id AND assigned_ip = p.address AND id = p.device_id
        AND state IN ('live', 'suspended'))
    UNION ALL SELECT 'draining for nobody', device_id FROM ip_pool p WHERE state = 'draining' AND NOT EXISTS (
      SELECT FROM departures WHERE server_id = p.server_id AND address = p.address AND device_id = p.device_id)
      AND NOT EXISTS (SELECT FROM devices WHERE server_id = p.server_id AND assigned_ip = p.address AND id = p.device_id
        AND removed_at IS NULL AND state IN ('deleted', 'failed'))
    UNION ALL SELECT 'departed without draining', device_id FROM departures x WHERE NOT EXISTS (
      SELECT FROM ip_pool WHERE server_id = x.server_id AND address = x.address AND device_id = x.device_id
        AND state = 'draining')
    UNION ALL SELECT 'removed too early', id FROM devices d WHERE removed_at IS NOT NULL AND (
      EXISTS (SELECT FROM departures WHERE device_id = d.id) OR EXISTS (SELECT FROM ip_pool WHERE device_id = d.id))
    UNION ALL SELECT 'key of nobody', device_id FROM public_keys k WHERE device_id IS NOT NULL AND NOT EXISTS (
      SELECT FROM devices WHERE id = k.device_id AND removed_at IS NULL)
    UNION ALL SELECT 'quota', id FROM tenants t WHERE device_count <> (
      SELECT count(*) FROM devices WHERE tenant_id = t.id AND state IN ('live', 'suspended'))`);
  expect(rows).toEqual([]);
}

test('a device that moves has another address under the same id and key; the old one drains until it is acknowledged', async () => {
  const before = await register();
  await settle(here);
  const { device, leftServerId } = await move(before.id, there);
  expect(device).toMatchObject({ id: before.id, publicKey: before.publicKey, generation: 2, state: 'live' });
  expect([device.placement.serverId, leftServerId]).toEqual([there, here]);
  const key = encodeKey(before.publicKey);
  expect(await peers.desired(here)).toMatchObject([
    { deviceId: before.id, generation: 2, present: false, publicKey: key },
  ]);
  expect(await peers.desired(there)).toMatchObject([
    { deviceId: before.id, generation: 2, present: true, publicKey: key },
  ]);
  expect((await peers.claimDue(here, 10)).map(({ present }) => present)).toEqual([false]);
  expect((await leases(before.id)).map(({ server_id, state }) => `${server_id} ${state}`)).toEqual([
    `${there} held`,
    `${here} draining`,
  ]);

  await settle(there);
  expect(await leases(before.id), 'the old VPN server has not said anything').toHaveLength(2);
  await settle(here);
  expect(await leases(before.id)).toMatchObject([{ server_id: there, state: 'held' }]);
  expect(await peers.desired(here)).toEqual([]);
  const { rowCount } = await database.pool.query('SELECT FROM outbox WHERE device_id = $1', [before.id]);
  expect(rowCount).toBe(0);
  await invariants();
});

test('the acknowledgement of one VPN server closes nothing of the other', async () => {
  const { id } = await register();
  await move(id, there);
  const outbox = async () =>
    (
      await database.pool.query<{ server_id: string }>('SELECT server_id FROM outbox WHERE device_id = $1', [
        id,
      ])
    ).rows;
  await settle(there);
  expect(new Set((await outbox()).map((row) => row.server_id))).toEqual(new Set([here]));
  await move(id, here);
  // A late acknowledgement by `there`.
  await peers.acknowledge(there, epochs.get(there)!, [{ deviceId: id, generation: 2 }]);
  expect(await peers.desired(there)).toMatchObject([{ generation: 3, present: false }]);
  expect(await devices.find(alice, id)).toMatchObject({ generation: 3, appliedGeneration: 2 });
  await invariants();
});

test('there and back again while the first VPN server is away: it carries the newest, and every address comes back', async () => {
  const { id } = await register();
  await settle(here);
  for (let n = 0; n < 3; n++) {
    await move(id, there);
    await move(id, here);
  }
  expect(await peers.desired(here)).toMatchObject([{ deviceId: id, generation: 7, present: true }]);
  expect(await peers.desired(there)).toMatchObject([{ deviceId: id, generation: 7, present: false }]);
  await invariants();
  await settle(here);
  await settle(there);
  expect(await leases(id)).toMatchObject([{ server_id: here, state: 'held' }]);
  await invariants();
});

describe('races', () => {
  test('20 moves of one device at once, to two VPN servers: it is on one, and nothing is lost', async () => {
    const { id } = await register();
    await settle(here);
    const third = await aVpnServer();
    await Promise.all(Array.from({ length: 20 }, (_, n) => move(id, n % 2 === 0 ? there : third)));
    await invariants();
    for (const serverId of [here, there, third]) await settle(serverId);
    expect(await leases(id)).toHaveLength(1);
    await invariants();
  });

  test('moves and a deletion at once: deleted, and its key is free only when every VPN server has acknowledged', async () => {
    for (let round = 0; round < 10; round++) {
      const device = await register();
      await settle(here);
      const racing = await Promise.all([
        devices.move(alice, device.id, to(there)),
        devices.delete(alice, device.id),
        devices.move(alice, device.id, to(there)),
      ]);
      expect(racing[1]).not.toBeNull();
      await invariants();
      const again = aDevice(alice, { serverId: there, publicKey: device.publicKey });
      await settle(there);
      if ((await peers.desired(here)).length > 0) {
        await expect(devices.register(again)).rejects.toMatchObject({ code: 'public_key_taken' });
      }
      await settle(here);
      await settle(there);
      expect(await leases(device.id)).toEqual([]);
      await invariants();
      await expect(devices.register(again)).resolves.toMatchObject({ state: 'live' });
    }
  });

  test('acknowledgements of both VPN servers at once, of a device that was deleted after its move', async () => {
    const made: Device[] = [];
    for (let n = 0; n < 20; n++) made.push(await register());
    await Promise.all(made.map(({ id }) => move(id, there)));
    await Promise.all(made.map(({ id }) => devices.delete(alice, id)));
    await Promise.all([settle(here), settle(there), settle(here), settle(there)]);
    await finishDepartures(database.as('cvault_jobs')).run(strictItems());
    const { rowCount } = await database.pool.query(
      'SELECT FROM devices WHERE tenant_id = $1 AND removed_at IS NULL',
      [alice.tenantId],
    );
    expect(rowCount).toBe(0);
    await invariants();
  });

  test('40 devices into a VPN server of 5 addresses at once: 5 move, the others stay as they were', async () => {
    const small = await aVpnServer('10.9.0.0/29');
    const made = await Promise.all(Array.from({ length: 40 }, register));
    const results = await Promise.allSettled(made.map(({ id }) => move(id, small)));
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused).toHaveLength(35);
    expect(new Set(refused.map(({ reason }) => (reason as { code: string }).code))).toEqual(
      new Set(['pool_exhausted']),
    );
    const after = await devices.list(alice);
    expect(after.filter(({ placement }) => placement.serverId === small)).toHaveLength(5);
    expect(after.filter(({ generation }) => generation === 1)).toHaveLength(35);
    await invariants();
  });
});

describe('refused, with nothing changed', () => {
  test.each([
    ['draining', 'server_not_open'],
    ['disabled', 'server_not_open'],
    ['removing', 'unknown_server'],
    ['provisioning', 'unknown_server'],
  ])('a move to a VPN server that is %s', async (state, code) => {
    const before = await register();
    await database.pool.query(`UPDATE servers SET state = '${state}' WHERE id = $1`, [there]);
    await expect(move(before.id, there)).rejects.toMatchObject({ code });
    expect(await devices.find(alice, before.id)).toEqual(before);
    expect(await leases(before.id)).toHaveLength(1);
  });

  test('a move where no other VPN server is open, which names the region and what to do', async () => {
    const before = await register();
    const others = (state: string) =>
      database.pool.query('UPDATE servers SET state = $2 WHERE id <> $1 AND state <> $2', [here, state]);
    await others('draining');
    try {
      const anywhere = { region: null, serverId: null };
      await expect(devices.move(alice, before.id, anywhere)).rejects.toMatchObject({
        code: 'pool_exhausted',
        message:
          `There is no other VPN server that takes devices, so the device stays on its own in ${region}. ` +
          'The operator can add one. Nothing was changed.',
      });
      await database.pool.query("UPDATE servers SET state = 'draining' WHERE id = $1", [here]);
      await expect(devices.move(alice, before.id, { region, serverId: null })).rejects.toMatchObject({
        code: 'unknown_region',
        message: expect.stringMatching(/^No other VPN server of this region/) as string,
      });
    } finally {
      await others('active');
    }
    expect(await devices.find(alice, before.id)).toEqual(before);
  });

  test('a move of another’s device', async () => {
    const bob = await aTenantWithUser(database);
    const before = await register();
    expect(await devices.move(bob, before.id, to(there))).toBeNull();
    expect(await devices.move({ ...alice, userId: bob.userId }, before.id, to(there))).toBeNull();
    expect(await devices.find(alice, before.id)).toEqual(before);
  });
});

test('a move that is sent again changes nothing more; one without a place goes elsewhere', async () => {
  const { id } = await register();
  const { device } = await move(id, there);
  expect(await move(id, there)).toEqual({ device, leftServerId: null });
  expect(await devices.move(alice, id, { region, serverId: null })).toEqual({ device, leftServerId: null });
  const elsewhere = await devices.move(alice, id, { region: null, serverId: null });
  expect(elsewhere!.device.placement.serverId).not.toBe(there);
});

test('the hold of a disabled VPN server stays behind, every other goes along', async () => {
  const [held, free] = [await register(), await register()];
  const hold = (id: string, which: keyof typeof HOLDS) =>
    database.pool.query(putHold('id = $1'), [id, HOLDS[which]]);
  await hold(held.id, 'server');
  await hold(held.id, 'data');
  await hold(free.id, 'server');
  expect((await move(held.id, there)).device).toMatchObject({ state: 'suspended', holds: ['data'] });
  expect((await move(free.id, there)).device).toMatchObject({ state: 'live', holds: [] });
});
