/** Placement of devices on many VPN servers, some of them full, unreachable, drained or of little weight. */
import type { Device } from './device.ts';
import type { DeviceStore, Owner } from './ports.ts';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { aDevice, aServer, aTenantWithUser } from '../testing/fixtures.ts';
import { strictItems } from '../testing/items.ts';
import { countAddresses } from '../locations/count-addresses.job.ts';
import { createDeviceStore } from './store.ts';

let database: TestDatabase;
let devices: DeviceStore;
let alice: Owner;
let number = 0;
let region: string;

beforeAll(async () => {
  database = await createTestDatabase(40);
  devices = createDeviceStore(database.as('cvault_api'), 0);
});
afterAll(() => database.close());
beforeEach(async () => {
  region = `region-${++number}`;
  alice = await aTenantWithUser(database);
});

const set = (id: string, assignments: string) =>
  database.pool.query(`UPDATE servers SET ${assignments} WHERE id = $1`, [id]);
const heard = (id: string) => set(id, 'last_contact_at = now()');
const here = (count: number) =>
  Promise.all(Array.from({ length: count }, () => devices.register(aDevice(alice, { region }))));
const countOn = (made: Device[], id: string) =>
  made.filter(({ placement }) => placement.serverId === id).length;

test('VPN servers of a region share the devices by weight', async () => {
  const [heavy, light] = [await aServer(database, { region }), await aServer(database, { region })];
  await set(heavy.id, 'weight = 300');
  const made = await here(200);
  // 150 expected; less than 110 or more than 190 would be six standard deviations away.
  expect(countOn(made, heavy.id)).toBeGreaterThan(110);
  expect(countOn(made, heavy.id)).toBeLessThan(190);
  expect(countOn(made, heavy.id) + countOn(made, light.id)).toBe(200);
});

test('the fuller of two gets fewer', async () => {
  const [empty, full] = [await aServer(database, { region }), await aServer(database, { region })];
  await database.pool.query(
    "UPDATE ip_pool SET state = 'quarantine', free_after = now() + interval '1 day' WHERE server_id = $1 AND address > '10.8.0.52'",
    [full.id],
  );
  await countAddresses(database.as('cvault_jobs')).run(strictItems());
  const made = await here(120);
  // One fifth against the whole: 20 of 120 expected.
  expect(countOn(made, full.id)).toBeLessThan(50);
  expect(countOn(made, empty.id)).toBeGreaterThan(70);
});

test('one that was not heard of late gets none while another was', async () => {
  const [silent, other] = [await aServer(database, { region }), await aServer(database, { region })];
  await heard(other.id);
  await set(silent.id, "weight = 10000, last_contact_at = now() - interval '91 seconds'");
  expect(countOn(await here(40), other.id)).toBe(40);
});

test('weight 0 gets none, and a region of those takes none', async () => {
  const server = await aServer(database, { region });
  await set(server.id, 'weight = 0');
  await expect(here(1)).rejects.toMatchObject({ code: 'unknown_region' });
});

test('when several run out at once, all of their addresses are given out, and the rest is refused', async () => {
  const servers = [];
  for (let n = 0; n < 6; n++) servers.push(await aServer(database, { region, cidr: '10.9.0.0/29' }));
  const results = await Promise.allSettled(
    Array.from({ length: 120 }, () => devices.register(aDevice(alice, { region }))),
  );
  const made = results.filter((result) => result.status === 'fulfilled').map(({ value }) => value);
  expect(made).toHaveLength(30);
  expect(new Set(made.map((device) => `${device.placement.serverId} ${device.assignedIp}`)).size).toBe(30);
  const refused = results.filter((result) => result.status === 'rejected');
  expect(new Set(refused.map(({ reason }) => (reason as { code: string }).code))).toEqual(
    new Set(['pool_exhausted']),
  );
});

test('a device that names a VPN server is on it, or nowhere', async () => {
  const [first, wanted] = [
    await aServer(database, { region }),
    await aServer(database, { region, cidr: '10.9.0.0/29' }),
  ];
  await heard(first.id);
  const named = () => devices.register(aDevice(alice, { serverId: wanted.id }));
  for (let n = 0; n < 5; n++) expect((await named()).placement.serverId).toBe(wanted.id);
  await expect(named()).rejects.toMatchObject({ code: 'pool_exhausted' });
});

test.each([
  ['draining', 'server_not_open'],
  ['disabled', 'server_not_open'],
  ['removing', 'unknown_server'],
  ['removed', 'unknown_server'],
])('a VPN server that is %s is refused as %s, and nothing is kept', async (state, code) => {
  const server = await aServer(database, { region });
  await set(server.id, `state = '${state}'`);
  await expect(devices.register(aDevice(alice, { serverId: server.id }))).rejects.toMatchObject({ code });
  await expect(devices.register(aDevice(alice, { region }))).rejects.toMatchObject({
    code: 'unknown_region',
  });
  const { rows } = await database.pool.query(
    `SELECT (SELECT count(*)::int FROM devices WHERE tenant_id = $1) AS devices,
            (SELECT count(*)::int FROM ip_pool WHERE tenant_id = $1) AS leases,
            (SELECT count(*)::int FROM public_keys WHERE tenant_id = $1) AS keys,
            (SELECT device_count FROM tenants WHERE id = $1) AS quota`,
    [alice.tenantId],
  );
  expect(rows).toEqual([{ devices: 0, leases: 0, keys: 0, quota: 0 }]);
});

test('a VPN server that nobody knows is refused', async () => {
  const serverId = '0b9b1f6e-5a1c-4a8f-9d51-3c5e0d6c2f10';
  await expect(devices.register(aDevice(alice, { serverId }))).rejects.toMatchObject({
    code: 'unknown_server',
    faults: [{ pointer: '/serverId' }],
  });
});

test('after a VPN server was taken out of service under its lock, no device comes to it', async () => {
  const server = await aServer(database, { region });
  const waiting = await database.pool.connect();
  await waiting.query('BEGIN');
  await waiting.query('SELECT FROM servers WHERE id = $1 FOR UPDATE', [server.id]);
  const racing = Promise.allSettled(
    Array.from({ length: 10 }, () => devices.register(aDevice(alice, { serverId: server.id }))),
  );
  await blocked(10);
  await waiting.query("UPDATE servers SET state = 'draining' WHERE id = $1", [server.id]);
  await waiting.query('COMMIT');
  waiting.release();
  const codes = (await racing).map((result) =>
    result.status === 'rejected' ? (result.reason as { code: string }).code : result.status,
  );
  expect(new Set(codes)).toEqual(new Set(['server_not_open']));
});

/** Waits until so many statements of this database wait for a lock. */
async function blocked(count: number): Promise<void> {
  await expect
    .poll(async () => {
      const { rows } = await database.pool.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM pg_stat_activity
           WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return rows[0]!.n;
    })
    .toBeGreaterThanOrEqual(count);
}

test('a device on a VPN server with a prefix has the bits of its address in it', async () => {
  await aServer(database, { region, tunnelPrefix6: `fd00:0:0:${number.toString(16)}::/64` });
  const [device] = await here(1);
  expect(device).toMatchObject({
    assignedIp: '10.8.0.2',
    assignedIp6: `fd00::${number.toString(16)}:0:0:a08:2`,
  });
});
