import { randomBytes } from 'node:crypto';
import {
  createDeviceUpkeep,
  createVault,
  type Device,
  type DeviceStore,
  type DeviceUpkeep,
  type Owner,
  Secret,
} from '@cvault/core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import { aDevice, aServer, aTenantWithUser } from '../../testing/fixtures.ts';
import { createDeviceUpkeepStore } from './upkeep.ts';
import { createDeviceStore } from './store.ts';
import { strictItems } from '../../testing/items.ts';

let database: TestDatabase;
let devices: DeviceStore;
let replicas: DeviceUpkeep[];
let woken: string[] = [];
let alice: Owner;
let region = 0;

beforeAll(async () => {
  database = await createTestDatabase(20);
  devices = createDeviceStore(database.as('cvault_api'), 0);
  const vault = createVault({ version: 1, key: new Secret(randomBytes(32)) });
  replicas = [1, 2, 3].map(() =>
    createDeviceUpkeep({
      upkeep: createDeviceUpkeepStore(database.as('cvault_jobs')),
      devices,
      peers: { wake: (ids) => woken.push(...ids) },
      vault,
    }),
  );
});
afterAll(() => database.close());
beforeEach(async () => {
  await aServer(database, { region: `region-${++region}` });
  alice = await aTenantWithUser(database);
  woken = [];
});

const register = (over: { expiresAt?: Date; sealedPrivateKey?: Buffer } = {}) =>
  devices.register({ ...aDevice(alice, { region: `region-${region}` }), ...over });
const now = async ({ id }: Device) => (await devices.find(alice, id))!;
const inAnHour = () => new Date(Date.now() + 3_600_000);
const endWhatIsDue = () => Promise.all(replicas.map((replica) => replica.endWhatIsDue(strictItems())));
const renewKeys = () => Promise.all(replicas.map((replica) => replica.renewKeys(strictItems())));
const setTenant = (column: string, days: number | null) =>
  database.pool.query(`UPDATE tenants SET ${column} = $2 WHERE id = $1`, [alice.tenantId, days]);
/** As if the device were so many days older. */
const age = ({ id }: Device, days: number) =>
  database.pool.query(
    `UPDATE devices SET key_changed_at = key_changed_at - $2::int * interval '1 day',
       expires_at = expires_at - $2::int * interval '1 day', overlap_until = overlap_until - $2::int * interval '1 day'
     WHERE id = $1`,
    [id, days],
  );

test('an overlap ends once, however many replicas look, and only when it is over', async () => {
  const device = await register();
  const change = { ...aDevice(alice), overlapSeconds: 60 };
  const rotated = (await devices.rotate(alice, device.id, change))!;
  await endWhatIsDue();
  expect(await now(device)).toEqual(rotated);
  await age(device, 1);
  await endWhatIsDue();
  expect(await now(device)).toMatchObject({
    replacesKey: null,
    overlapUntil: null,
    generation: 3,
    state: 'live',
  });
  expect(woken).toEqual([device.placement.serverId]);
});

test('a device ends at its date, and comes back when that is moved or taken away', async () => {
  const [ends, stays] = [await register({ expiresAt: inAnHour() }), await register()];
  await endWhatIsDue();
  expect(await now(ends)).toMatchObject({ state: 'live', generation: 1 });
  await age(ends, 1);
  await endWhatIsDue();
  expect(await now(ends)).toMatchObject({ state: 'suspended', holds: ['expired'], generation: 2 });
  expect(await now(stays)).toMatchObject({ state: 'live', generation: 1 });
  expect(await devices.update(alice, ends.id, { name: 'other' })).toMatchObject({ state: 'suspended' });
  const later = inAnHour();
  expect(await devices.update(alice, ends.id, { expiresAt: later })).toMatchObject({
    state: 'live',
    holds: [],
    generation: 3,
    expiresAt: later,
  });
  await age(ends, 1);
  await endWhatIsDue();
  expect(await devices.update(alice, ends.id, { expiresAt: null })).toMatchObject({
    state: 'live',
    expiresAt: null,
  });
});

test('a key that is older than the tenant allows holds its device, until it is changed or more is allowed', async () => {
  const [old, young] = [await register(), await register()];
  await age(old, 181);
  await age(young, 179);
  await renewKeys();
  expect(await now(old)).toMatchObject({ state: 'suspended', holds: ['key'], generation: 2 });
  expect(await now(young)).toMatchObject({ state: 'live', generation: 1 });

  await setTenant('key_lifetime_days', 182);
  await renewKeys();
  expect(await now(old)).toMatchObject({ state: 'live', holds: [], generation: 3 });

  await setTenant('key_lifetime_days', 180);
  await renewKeys();
  expect(await now(old)).toMatchObject({ state: 'suspended' });
  await devices.rotate(alice, old.id, { ...aDevice(alice), overlapSeconds: 0 });
  await renewKeys();
  expect(await now(old)).toMatchObject({ state: 'live', holds: [] });

  await setTenant('key_lifetime_days', null);
  await age(young, 10_000);
  await renewKeys();
  expect(await now(young)).toMatchObject({ state: 'live', keyExpiresAt: null });
});

test('keys that were made here are changed on schedule, once, with a day of overlap; a device’s own key never', async () => {
  const [made, own] = [await register({ sealedPrivateKey: Buffer.alloc(63) }), await register()];
  await setTenant('key_rotation_days', 7);
  await age(made, 8);
  await age(own, 8);
  await renewKeys();
  const changed = await now(made);
  expect(changed).toMatchObject({ generation: 2, replacesKey: made.publicKey });
  expect(changed.publicKey).not.toEqual(made.publicKey);
  expect(changed.sealedPrivateKey).not.toEqual(made.sealedPrivateKey);
  expect(changed.overlapUntil!.getTime() - changed.keyChangedAt.getTime()).toBe(86_400_000);
  expect((await now(own)).publicKey).toEqual(own.publicKey);
});
