/** VPN servers that are drained, evacuated, disabled and enabled, while devices come and go. */
import type { Device } from '../devices/device.ts';
import type { DeviceStore, Owner } from '../devices/ports.ts';
import { evacuate } from './evacuate.job.ts';
import type { ServerStore } from './ports.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { aDevice, aServer, aTenantWithUser } from '../testing/fixtures.ts';
import { type Database, openDatabase } from '../platform/db/database.ts';
import { createDeviceStore } from '../devices/store.ts';
import { createEvacuationStore } from './evacuation-store.ts';
import { createServerStore } from './store.ts';
import { strictItems } from '../testing/items.ts';

let database: TestDatabase;
let servers: ServerStore;
let devices: DeviceStore;
let alice: Owner;
let number = 0;
let region: string;
let here: string;

beforeAll(async () => {
  database = await createTestDatabase(20);
  servers = createServerStore(database.as('cvault_operator'));
  devices = createDeviceStore(database.as('cvault_api'), 0);
});
afterAll(() => database.close());
beforeEach(async () => {
  region = `region-${++number}`;
  alice = await aTenantWithUser(database);
  here = (await aServer(database, { region })).id;
});

const register = (count: number) =>
  Promise.all(Array.from({ length: count }, () => devices.register(aDevice(alice, { serverId: here }))));
const evacuation = (by: Database) =>
  evacuate({ evacuations: createEvacuationStore(by), fleet: { wake: () => undefined } });
const turn = () => evacuation(database.as('cvault_jobs')).run(strictItems());
const onServer = async (id: string) =>
  (await devices.list(alice)).filter(({ placement }) => placement.serverId === id);

/** Each device holds one address, and each held address is its device's. */
async function leasesMatch(): Promise<void> {
  const { rows } = await database.pool.query(
    `SELECT d.id FROM devices d LEFT JOIN ip_pool p ON p.server_id = d.server_id AND p.address = d.assigned_ip
       AND p.device_id = d.id AND p.state = 'held'
     WHERE d.state IN ('live', 'suspended') AND p.address IS NULL
     UNION ALL SELECT device_id FROM ip_pool WHERE state = 'held' GROUP BY device_id HAVING count(*) > 1`,
  );
  expect(rows).toEqual([]);
}

describe('disabled', () => {
  test('its devices are suspended for that reason, and live again when it is enabled', async () => {
    const [device] = await register(1);
    expect(await servers.changeState(here, 'disabled')).toBe(true);
    expect(await devices.find(alice, device!.id)).toMatchObject({
      state: 'suspended',
      holds: ['server'],
      generation: 2,
    });
    expect(await servers.changeState(here, 'active')).toBe(true);
    expect(await devices.find(alice, device!.id)).toMatchObject({ state: 'live', holds: [], generation: 3 });
  });

  test('while devices come: each is held or was refused', async () => {
    const coming = Promise.allSettled(
      Array.from({ length: 100 }, () => devices.register(aDevice(alice, { serverId: here }))),
    );
    await servers.changeState(here, 'disabled');
    await coming;
    expect((await onServer(here)).filter(({ state }) => state === 'live')).toEqual([]);
  });
});

test.each([
  ['provisioning', 'active'],
  ['provisioning', 'draining'],
  ['removing', 'disabled'],
  ['removed', 'active'],
  ['disabled', 'draining'],
] as const)('one that is %s does not become %s', async (from, to) => {
  await database.pool.query('UPDATE servers SET state = $2 WHERE id = $1', [here, from]);
  expect(await servers.changeState(here, to)).toBe(false);
  const { rows } = await database.pool.query('SELECT state FROM servers WHERE id = $1', [here]);
  expect(rows).toEqual([{ state: from }]);
});

describe('evacuated', () => {
  test('by several replicas at once: every device is moved once and counted once, while new ones are refused', async () => {
    const [there, elsewhere] = [await aServer(database, { region }), await aServer(database, { region })];
    const made = await register(150);
    await servers.beginEvacuation(here, null);
    const other = openDatabase(database.url, { role: 'cvault_jobs', connections: 4 });
    try {
      const replicas = [database, other, database, other].map((each) => evacuation(each).run(strictItems()));
      await Promise.all(replicas);
      for (let n = 0; n < 5 && (await servers.evacuation(here))!.finishedAt === null; n++) await turn();
    } finally {
      await other.close();
    }
    expect(await servers.evacuation(here)).toMatchObject({
      total: 150,
      moved: 150,
      failed: 0,
      remaining: 0,
      reason: null,
      finishedAt: expect.any(Date) as Date,
    });
    const after = await devices.list(alice);
    expect(after.map(({ id }) => id).sort()).toEqual(made.map(({ id }) => id).sort());
    expect(new Set(after.map(({ generation }) => generation))).toEqual(new Set([2]));
    expect((await onServer(there.id)).length + (await onServer(elsewhere.id)).length).toBe(150);
    await leasesMatch();
    await expect(register(1)).rejects.toMatchObject({ code: 'server_not_open' });
  });

  test('where not all have room: it says how many stayed and why, and a second call takes the rest', async () => {
    const small = await aServer(database, { region, cidr: '10.9.0.0/29' });
    await register(12);
    await servers.beginEvacuation(here, null);
    for (let n = 0; n < 3; n++) await turn();
    expect(await servers.evacuation(here)).toMatchObject({
      total: 12,
      moved: 5,
      failed: 7,
      remaining: 7,
      reason: 'pool_exhausted',
    });
    expect(await onServer(small.id)).toHaveLength(5);
    await servers.addPool(small.id, '10.9.1.0/24');
    await servers.beginEvacuation(here, null);
    for (let n = 0; n < 3; n++) await turn();
    expect(await servers.evacuation(here)).toMatchObject({ total: 7, moved: 7, failed: 0, reason: null });
    await leasesMatch();
  });

  test('into a region without a VPN server: nothing is moved, and it says why', async () => {
    await register(3);
    await servers.beginEvacuation(here, 'atlantis');
    for (let n = 0; n < 2; n++) await turn();
    expect(await servers.evacuation(here)).toMatchObject({ moved: 0, failed: 3, reason: 'unknown_region' });
    expect((await onServer(here)).map(({ generation }) => generation)).toEqual([1, 1, 1]);
  });

  test('a batch that dies before its commit moves nothing and counts nothing', async () => {
    const there = await aServer(database, { region });
    await register(10);
    await servers.beginEvacuation(here, null);
    // The last statement of a batch fails, as if the process had been killed there.
    await database.pool.query(
      `ALTER TABLE evacuations ADD CONSTRAINT die CHECK (moved = 0 OR region <> '${region}')`,
    );
    await expect(turn()).rejects.toMatchObject({ constraint: 'die' });
    expect(await onServer(here)).toHaveLength(10);
    expect(await servers.evacuation(here)).toMatchObject({ moved: 0, remaining: 10, finishedAt: null });
    await database.pool.query('ALTER TABLE evacuations DROP CONSTRAINT die');
    for (let n = 0; n < 2; n++) await turn();
    expect(await servers.evacuation(here)).toMatchObject({ moved: 10, remaining: 0 });
    expect(await onServer(there.id)).toHaveLength(10);
    await leasesMatch();
  });

  test('while it is disabled: its devices are live on the others', async () => {
    const there = await aServer(database, { region });
    await register(3);
    await servers.changeState(here, 'disabled');
    await servers.beginEvacuation(here, null);
    for (let n = 0; n < 2; n++) await turn();
    const moved: Device[] = await onServer(there.id);
    expect(moved.map(({ state, holds }) => [state, holds])).toEqual(Array(3).fill(['live', []]));
  });

  test('and enabled in between: it ends', async () => {
    await aServer(database, { region });
    await register(3);
    await servers.beginEvacuation(here, null);
    await servers.changeState(here, 'active');
    await turn();
    expect(await servers.evacuation(here)).toMatchObject({ moved: 0, reason: 'enabled' });
    expect(await onServer(here)).toHaveLength(3);
  });
});

test('what is changed of a VPN server is changed, and the rest stays', async () => {
  await servers.update(here, { weight: 7, endpointHost6: '2001:db8::7' });
  await servers.update(here, { endpointHost: '203.0.113.77' });
  expect(await servers.find(here)).toMatchObject({
    weight: 7,
    endpointHost: '203.0.113.77',
    endpointHost6: '2001:db8::7',
    endpointPort: 51820,
  });
  await servers.update(here, { endpointHost6: null });
  expect(await servers.find(here)).toMatchObject({ endpointHost6: null, weight: 7 });
  const other = await aServer(database, { region });
  await expect(servers.update(here, { name: other.name })).rejects.toMatchObject({ code: 'name_taken' });
});
