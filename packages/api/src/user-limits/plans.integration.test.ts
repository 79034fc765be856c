import type { DeviceStore, Owner } from '../devices/ports.ts';
import type { CVaultError } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { SessionStore } from '../sessions/session.ts';
import type { PlanStore } from './ports.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { aDevice, anEpoch, aServer, aTenantWithUser } from '../testing/fixtures.ts';
import { moveOnce } from '../devices/move.ts';
import { createDeviceStore } from '../devices/store.ts';
import { createPeerStore } from '../fleet/peer-store.ts';
import { createSessionStore } from '../sessions/store.ts';
import { evictDevices } from '../servers/removal.ts';
import { createTenantStore } from '../tenants/store.ts';
import { createPlanStore } from './store.ts';

let database: TestDatabase;
let devices: DeviceStore;
let plans: PlanStore;
let sessions: SessionStore;
let alice: Owner;
let region = 0;
let serverId: string;

beforeAll(async () => {
  database = await createTestDatabase(40);
  devices = createDeviceStore(database.as('cvault_api'), 0);
  plans = createPlanStore(database.as('cvault_operator'));
  sessions = createSessionStore(database.as('cvault_api'));
});
afterAll(() => database.close());
beforeEach(async () => {
  serverId = (await aServer(database, { region: `region-${++region}`, cidr: '10.8.0.0/22' })).id;
  alice = await aTenantWithUser(database);
});

const tenants = () => createTenantStore(database.as('cvault_operator'));
const register = (owner: Owner) => devices.register(aDevice(owner, { region: `region-${region}` }));
const codes = (results: PromiseSettledResult<unknown>[]) => [
  ...new Set(results.filter((r) => r.status === 'rejected').map((r) => (r.reason as { code: string }).code)),
];

async function sibling({ tenantId }: Owner): Promise<Owner> {
  const userId = newId();
  await database.pool.query(
    "INSERT INTO tenant_users (id, tenant_id, email, password_hash) VALUES ($1, $2, $3, 'none')",
    [userId, tenantId, `${userId}@example.com`],
  );
  return { tenantId, userId };
}

async function expectCountersToEqualRows(): Promise<void> {
  const { rows } = await database.pool.query(
    `SELECT u.id, u.device_count, count(d.id)::int AS rows FROM tenant_users u
     LEFT JOIN devices d ON d.tenant_id = u.tenant_id AND d.user_id = u.id AND d.state IN ('live', 'suspended')
     GROUP BY u.tenant_id, u.id HAVING u.device_count <> count(d.id)
     UNION ALL
     SELECT t.id, t.device_count, sum(u.device_count)::int FROM tenants t JOIN tenant_users u ON u.tenant_id = t.id
     GROUP BY t.id HAVING t.device_count <> sum(u.device_count)`,
  );
  expect(rows).toEqual([]);
}

describe('devices of a user', () => {
  test('400 concurrent registrations at a limit of 100: 100 succeed, 300 are refused, counters equal rows', async () => {
    await tenants().update(alice.tenantId, { userDeviceLimit: 100 });
    const results = await Promise.allSettled(Array.from({ length: 400 }, () => register(alice)));
    expect(results.filter((r) => r.status === 'fulfilled')).toHaveLength(100);
    expect(codes(results)).toEqual(['user_device_limit_reached']);
    await expectCountersToEqualRows();
    await expect(register(await sibling(alice)), 'another user has their own').resolves.toBeDefined();
  });

  test('the user’s own limit replaces the tenant’s; a lower one removes no device', async () => {
    await tenants().update(alice.tenantId, { userDeviceLimit: 1 });
    await plans.limitUser(alice.tenantId, alice.userId, { deviceLimit: 2 });
    await register(alice);
    await register(alice);
    await expect(register(alice)).rejects.toMatchObject({ code: 'user_device_limit_reached' });
    await plans.limitUser(alice.tenantId, alice.userId, { deviceLimit: null });
    expect(await devices.list(alice)).toHaveLength(2);
    const [first] = await devices.list(alice);
    await devices.delete(alice, first!.id);
    await expect(register(alice)).rejects.toMatchObject({ code: 'user_device_limit_reached' });
    await expectCountersToEqualRows();
  });

  test('every end of a device frees its place: deletion, refusal, removal of the VPN server or tenant', async () => {
    const bob = await sibling(alice);
    const [deleted, failed] = [await register(alice), await register(alice), await register(bob)];
    await Promise.all(Array.from({ length: 5 }, () => devices.delete(alice, deleted.id)));
    const peers = createPeerStore(database.as('cvault_links'), 0);
    await peers.fail({ ...failed, deviceId: failed.id }, 'conflict');
    await devices.delete(alice, failed.id);
    await expectCountersToEqualRows();
    await register(alice);
    await evictDevices(database.pool, serverId);
    await expectCountersToEqualRows();
    serverId = (await aServer(database, { region: `region-${region}` })).id;
    await register(bob);
    await tenants().beginDeletion(alice.tenantId);
    await expectCountersToEqualRows();
  });
});

describe('sessions', () => {
  test.each([
    ['user', { userSessionLimit: 3 }],
    ['tenant', { sessionLimit: 3 }],
  ])('opened by many at once, of a %s that may have three: three', async (_whose, settings) => {
    await tenants().update(alice.tenantId, settings);
    const own = await Promise.all(Array.from({ length: 12 }, () => register(alice)));
    const results = await Promise.allSettled(own.map(({ id }) => sessions.open(alice, id)));
    expect(results.filter((r) => r.status === 'fulfilled')).toHaveLength(3);
    expect(codes(results)).toEqual(['session_limit_reached']);
    const { rowCount } = await database.pool.query(
      "SELECT FROM sessions WHERE tenant_id = $1 AND state = 'ACTIVE'",
      [alice.tenantId],
    );
    expect(rowCount).toBe(3);
  });

  test('at the limit an open session is returned, and closing one makes room', async () => {
    await plans.limitUser(alice.tenantId, alice.userId, { sessionLimit: 1 });
    const [first, second] = [await register(alice), await register(alice)];
    const { id } = await sessions.open(alice, first.id);
    expect(await sessions.open(alice, first.id)).toMatchObject({ id, opened: false });
    await expect(sessions.open(alice, second.id)).rejects.toMatchObject({ code: 'session_limit_reached' });
    await sessions.close(alice, first.id);
    expect(await sessions.open(alice, second.id)).toMatchObject({ opened: true });
  });
});

describe('a changed plan', () => {
  async function spreadAll(batch: number): Promise<number> {
    let devicesTold = 0;
    for (let round = 0; round < 100; round++) {
      const plans = createPlanStore(database.as('cvault_jobs'));
      const change = await plans.nextChange([]);
      if (change === null) return devicesTold;
      devicesTold += (await plans.spread(change, batch)).devices;
    }
    throw new Error('it does not end');
  }

  test('reaches every live device of the tenant once, in bounded parts, from any number of replicas', async () => {
    const made = await Promise.all(Array.from({ length: 25 }, () => register(alice)));
    const other = await register(await aTenantWithUser(database));
    await tenants().update(alice.tenantId, { uploadBitsPerSecond: 10_000_000, privateNetwork: true });
    await Promise.all([spreadAll(10), spreadAll(10), spreadAll(10)]);
    await spreadAll(10);
    const after = await devices.list(alice);
    expect(after.map(({ generation }) => generation)).toEqual(made.map(() => 2));
    expect(after[0]).toMatchObject({
      network: alice.tenantId,
      limits: { uploadBitsPerSecond: 10_000_000, downloadBitsPerSecond: null, data: false },
    });
    const due = await createPeerStore(database.as('cvault_links'), 0).claimDue(serverId, 1_000);
    const told = due.find(({ deviceId }) => deviceId === made[0]!.id);
    expect(told).toMatchObject({ generation: 2, network: alice.tenantId });
    expect(due.find(({ deviceId }) => deviceId === other.id)).toMatchObject({ generation: 1, network: null });
  });

  test('limits that VPN servers do not enforce, and unchanged ones, raise no generation', async () => {
    await register(alice);
    await tenants().update(alice.tenantId, { downloadBitsPerSecond: 8_000 });
    await spreadAll(10);
    await tenants().update(alice.tenantId, { downloadBitsPerSecond: 8_000, dns: [], userSessionLimit: 4 });
    await plans.limitUser(alice.tenantId, alice.userId, { sessionLimit: 2, deviceLimit: 7 });
    await plans.limitUser(alice.tenantId, alice.userId, {});
    expect(await spreadAll(10)).toBe(0);
  });

  test('of one user affects only that user’s devices', async () => {
    const bob = await sibling(alice);
    await register(alice);
    await register(bob);
    const plan = await plans.limitUser(alice.tenantId, bob.userId, { dataLimitBytes: 5_000 });
    expect(plan).toMatchObject({ limits: { dataLimitBytes: 5_000 }, effective: { dataLimitBytes: 5_000 } });
    expect(await spreadAll(10)).toBe(1);
    expect((await devices.list(bob))[0]).toMatchObject({ generation: 2, limits: { data: true } });
    expect((await devices.list(alice))[0]).toMatchObject({ generation: 1, limits: { data: false } });
    expect(await plans.limitUser((await aTenantWithUser(database)).tenantId, bob.userId, {})).toBeNull();
  });

  test('during registrations leaves no device with the old plan', async () => {
    const speeds = [8_000, 9_000, 10_000, 11_000, 12_000];
    const answered: Awaited<ReturnType<typeof register>>[] = [];
    await Promise.all([
      ...Array.from({ length: 60 }, async () => answered.push(await register(alice))),
      (async () => {
        for (const uploadBitsPerSecond of speeds) {
          await tenants().update(alice.tenantId, { uploadBitsPerSecond });
          await spreadAll(7);
        }
      })(),
    ]);
    const now = new Map((await devices.list(alice)).map((device) => [device.id, device]));
    const outdated = answered.filter(
      ({ id, generation, limits }) =>
        now.get(id)!.generation === generation && limits.uploadBitsPerSecond !== speeds.at(-1),
    );
    expect(outdated).toEqual([]);
    expect(now.size).toBe(60);
  });
});

describe('addresses that rest', () => {
  test('one tenant’s churn stops at its cap, and another tenant still registers', async () => {
    const churning = createDeviceStore(database.as('cvault_api'), 0, 600);
    const peers = createPeerStore(database.as('cvault_links'), 600);
    const epoch = anEpoch();
    await peers.adoptEpoch(serverId, epoch);
    const place = { region: `region-${region}` };
    let made = 0;
    let refusal: unknown;
    while (refusal === undefined && made < 250) {
      await churning
        .register(aDevice(alice, place))
        .then(async ({ id }) => {
          made++;
          await churning.delete(alice, id);
          await peers.acknowledge(serverId, epoch, [{ deviceId: id, generation: 2 }]);
        })
        .catch((error: unknown) => {
          refusal = error;
        });
    }
    expect(refusal).toMatchObject({ code: 'churn_limit' });
    expect(made, 'a test of 200 runs through').toBe(220);
    const bob = await aTenantWithUser(database);
    await expect(churning.register(aDevice(bob, place))).resolves.toMatchObject({ state: 'live' });
    // Released one second apart, the last one just now: the oldest has been resting for 219 s.
    await database.pool.query(
      `UPDATE ip_pool SET freed_at = now() - (220 - o.place) * interval '1 second'
       FROM (SELECT address, row_number() OVER (ORDER BY address) AS place FROM ip_pool WHERE freed_by = $1) AS o
       WHERE freed_by = $1 AND ip_pool.address = o.address`,
      [alice.tenantId],
    );
    const told = (await churning
      .register(aDevice(alice, place))
      .catch((error: unknown) => error)) as CVaultError;
    expect(told).toMatchObject({ code: 'churn_limit' });
    expect(told.retryAfterSeconds).toBeLessThanOrEqual(600 - 219);
    const rest = (seconds: number) =>
      database.pool.query(
        "UPDATE ip_pool SET freed_at = freed_at - $2::int * interval '1 second' WHERE freed_by = $1",
        [alice.tenantId, seconds],
      );
    await rest(told.retryAfterSeconds!);
    await expect(churning.register(aDevice(alice, place)), 'its time is over').resolves.toBeDefined();
  });

  test('a user’s moves count towards the cap; an evacuation does not', async () => {
    const churning = createDeviceStore(database, 0, 600);
    const peers = createPeerStore(database, 600);
    const there = await aServer(database, { region: `region-${region}`, cidr: '10.9.0.0/22' });
    const epoch = anEpoch();
    for (const id of [serverId, there.id]) await peers.adoptEpoch(id, epoch);
    const device = await churning.register(aDevice(alice, { serverId }));
    const resting = async () => {
      const { rowCount } = await database.pool.query('SELECT FROM ip_pool WHERE freed_by = $1', [
        alice.tenantId,
      ]);
      return rowCount;
    };
    const evacuee = { tenantId: alice.tenantId, userId: null, deviceId: device.id, region: null };
    const operators = { pushAfterMs: 0, quarantineSeconds: 600 };
    await moveOnce(database.pool, { ...evacuee, ...operators, serverId: there.id, from: serverId });
    expect(await resting()).toBe(0);
    const move = (to: string) => churning.move(alice, device.id, { region: null, serverId: to });
    for (let n = 0; n < 110; n++) for (const to of [serverId, there.id]) await move(to);
    expect(await resting()).toBe(220);
    await expect(move(serverId)).rejects.toMatchObject({ code: 'churn_limit' });
    expect(await move(there.id), 'it is there').toMatchObject({ leftServerId: null });
    await moveOnce(database.pool, { ...evacuee, ...operators, serverId, from: there.id });
    expect(await churning.find(alice, device.id)).toMatchObject({ placement: { serverId } });
    expect(await resting()).toBe(220);
  });
});
