import { randomBytes } from 'node:crypto';
import { Secret } from '../platform/crypto/secret.ts';
import { createVault } from '../platform/crypto/vault.ts';
import type { Device } from './device.ts';
import type { DeviceStore, Owner } from './ports.ts';
import { endDue } from './end-due.job.ts';
import { renewKeys as renewKeysJob } from './renew-keys.job.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { aDevice, aServer, aTenantWithUser } from '../testing/fixtures.ts';
import { createDeviceUpkeepStore } from './upkeep-store.ts';
import { createDeviceStore } from './store.ts';
import { strictItems } from '../testing/items.ts';

let database: TestDatabase;
let devices: DeviceStore;
let replicas: { ends: ReturnType<typeof endDue>; keys: ReturnType<typeof renewKeysJob> }[];
let woken: string[] = [];
let alice: Owner;
let region = 0;

beforeAll(async () => {
  database = await createTestDatabase(20);
  devices = createDeviceStore(database.as('cvault_api'), 0);
  const vault = createVault({ version: 1, key: new Secret(randomBytes(32)) });
  replicas = [1, 2, 3].map(() => {
    const upkeep = createDeviceUpkeepStore(database.as('cvault_jobs'));
    const peers = { wake: (ids: readonly string[]) => woken.push(...ids) };
    return { ends: endDue({ upkeep, peers }), keys: renewKeysJob({ upkeep, devices, peers, vault }) };
  });
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
const endWhatIsDue = () => Promise.all(replicas.map((replica) => replica.ends.run(strictItems())));
const renewKeys = () => Promise.all(replicas.map((replica) => replica.keys.run(strictItems())));
const setTenant = (column: string, days: number | null) =>
  database.pool.query(`UPDATE tenants SET ${column} = $2 WHERE id = $1`, [alice.tenantId, days]);
/** Makes the device so many days older. */
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
  expect(await devices.update(alice, ends.id, { deviceName: 'other' })).toMatchObject({ state: 'suspended' });
  const later = inAnHour();
  expect(await devices.update(alice, ends.id, { expiresAt: later })).toMatchObject({
    state: 'live',
    holds: [],
    generation: 3,
    fields: { expiresAt: later },
  });
  await age(ends, 1);
  await endWhatIsDue();
  expect(await devices.update(alice, ends.id, { expiresAt: null })).toMatchObject({
    state: 'live',
    fields: { expiresAt: null },
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

describe('that a key ends soon', () => {
  const DAY_MS = 86_400_000;

  async function told(type = 'device.key_expiring') {
    const { rows } = await database.pool.query<{ data: Record<string, unknown> }>(
      'SELECT data FROM webhook_events WHERE tenant_id = $1 AND type = $2 ORDER BY id',
      [alice.tenantId, type],
    );
    return rows.map((row) => row.data);
  }
  const daysLeft = async () => (await told()).map((data) => data['daysLeft']);
  /** Dates the key back so many days. */
  const setAge = ({ id }: Device, days: number) =>
    database.pool.query(
      'UPDATE devices SET key_changed_at = now() - $2::float8 * interval $$1 day$$ WHERE id = $1',
      [id, days],
    );

  beforeEach(async () => {
    await database.pool.query(
      `INSERT INTO webhook_endpoints (id, tenant_id, url, secret) VALUES (gen_random_uuid(), $1, 'https://a.test', '\\x00')`,
      [alice.tenantId],
    );
  });

  test('is told 14 days before and 3 days before, each once, however many replicas look', async () => {
    const device = await register();
    await setAge(device, 165.9);
    await renewKeys();
    expect(await told()).toEqual([]);
    await setAge(device, 166.1);
    await renewKeys();
    await renewKeys();
    const { keyExpiresAt } = await now(device);
    expect(await told()).toEqual([
      {
        deviceId: device.id,
        externalId: null,
        userId: alice.userId,
        serverId: device.placement.serverId,
        mode: 'live',
        state: 'live',
        reasons: [],
        keyExpiresAt: keyExpiresAt!.toISOString(),
        daysLeft: 14,
      },
    ]);
    expect(keyExpiresAt!.getTime() - Date.now()).toBeLessThan(14 * DAY_MS);
    await setAge(device, 176.9);
    await renewKeys();
    expect(await daysLeft()).toEqual([14]);
    await setAge(device, 177.1);
    await renewKeys();
    await setAge(device, 179.5);
    await renewKeys();
    expect(await daysLeft()).toEqual([14, 3]);
    expect(await now(device)).toMatchObject({ state: 'live', generation: 1 });
    expect(woken).toEqual([]);
  });

  test('is told late where nobody looked on the day, the nearer warning alone; what has ended is not told of so', async () => {
    const [late, ended] = [await register(), await register()];
    await setAge(late, 178.5);
    await setAge(ended, 180.1);
    await renewKeys();
    await renewKeys();
    expect(await told()).toMatchObject([{ deviceId: late.id, daysLeft: 2 }]);
    expect(await told('device.suspended')).toMatchObject([{ deviceId: ended.id, reasons: ['key'] }]);
  });

  test('is not told once the key was changed; the new key’s end is told again', async () => {
    const device = await register();
    const rotate = () => devices.rotate(alice, device.id, { ...aDevice(alice), overlapSeconds: 0 });
    await setAge(device, 170);
    await rotate();
    await renewKeys();
    expect(await told()).toEqual([]);
    await setAge(device, 170);
    await renewKeys();
    expect(await daysLeft()).toEqual([10]);
    await rotate();
    await renewKeys();
    expect(await daysLeft()).toEqual([10]);
    await setAge(device, 170);
    await renewKeys();
    expect(await daysLeft()).toEqual([10, 10]);
  });

  test('is told of a device that something else holds', async () => {
    const device = await register({ expiresAt: inAnHour() });
    await age(device, 1);
    await endWhatIsDue();
    await setAge(device, 170);
    await renewKeys();
    expect(await told()).toMatchObject([{ state: 'suspended', reasons: ['expired'], daysLeft: 10 }]);
  });

  test.each([
    ['keys never end', null, 179, []],
    ['keys live three days', 3, 0, []],
    ['keys live three days, at the end', 3, 2.9, []],
    ['keys live a week, and this one is new', 7, 0, []],
    ['keys live a week, near the end', 7, 4.5, [3]],
    ['keys live fourteen days, and this one is new', 14, 0, []],
    ['keys live fifteen days, after a day', 15, 1.5, [14]],
  ])('where %s', async (_what, lifetime, days, expected) => {
    const device = await register();
    await setTenant('key_lifetime_days', lifetime);
    await setAge(device, days);
    await renewKeys();
    expect(await daysLeft()).toEqual(expected);
  });

  test('is not told of a device that was deleted', async () => {
    const device = await register();
    await setAge(device, 170);
    await devices.delete(alice, device.id);
    await renewKeys();
    expect(await told()).toEqual([]);
  });
});
