import type { Device } from '../devices/device.ts';
import type { DeviceStore, Owner } from '../devices/ports.ts';
import { newId } from '../platform/ids.ts';
import type { Server } from '../servers/server.ts';
import type { Reading } from './meter.ts';
import { periodStart } from './period.ts';
import type { DataLimitStore, MeterStore } from './ports.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createOps } from '../fleet/ops.ts';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { aDevice, anEpoch, aServer, aTenantWithUser } from '../testing/fixtures.ts';
import { createDeviceStore } from '../devices/store.ts';
import { createPeerStore } from '../fleet/peer-store.ts';
import { createPlanStore } from '../user-limits/store.ts';
import { createTenantStore } from '../tenants/store.ts';
import { createDataLimitStore } from './data-limits.ts';
import { createMeterStore } from './meter-store.ts';
import { periodStartSql } from './period-sql.ts';
import { strictItems } from '../testing/items.ts';

let database: TestDatabase;
let devices: DeviceStore;
let meters: MeterStore;
let limits: DataLimitStore;
let server: Server;
let alice: Owner;
const epoch = anEpoch();
let pass = 0;

beforeAll(async () => {
  database = await createTestDatabase(10);
  devices = createDeviceStore(database.as('cvault_api'), 0);
  meters = createMeterStore(database.as('cvault_metering'));
  limits = createDataLimitStore(database.as('cvault_metering'));
  server = await aServer(database, { cidr: '10.30.0.0/22' });
  await createPeerStore(database.as('cvault_links'), 0).adoptEpoch(server.id, epoch);
});
afterAll(() => database.close());
beforeEach(async () => {
  alice = await aTenantWithUser(database);
});

const sql = (text: string, values: unknown[]) => database.pool.query(text, values);
const limitTenant = (column: 'data_limit_bytes' | 'user_data_limit_bytes', bytes: number | null) =>
  sql(`UPDATE tenants SET ${column} = $2 WHERE id = $1`, [alice.tenantId, bytes]);
const register = (owner = alice) => devices.register(aDevice(owner));

async function anotherUser(): Promise<Owner> {
  const userId = newId();
  await sql("INSERT INTO tenant_users (id, tenant_id, email, password_hash) VALUES ($1, $2, $3, 'none')", [
    userId,
    alice.tenantId,
    `${userId}@example.com`,
  ]);
  return { tenantId: alice.tenantId, userId };
}

/** Meters the device's total bytes; returns the reached limits and holds their devices. */
async function moves(device: Device, bytes: number) {
  const readings: Reading[] = [
    { deviceId: device.id, receivedBytes: 0, sentBytes: bytes, handshake: 'live', gone: false },
  ];
  const sample = { epoch, life: 'a'.repeat(32), pass: ++pass };
  await meters.claimDue([server.id], 30);
  await meters.beginPass(server.id, sample);
  const reached = await meters.store(server.id, sample, readings);
  for (const over of reached) await limits.hold(over, strictItems());
  return reached;
}

async function stateOf(device: Device) {
  const { rows } = await sql('SELECT state, holds, generation FROM devices WHERE id = $1', [device.id]);
  return rows[0] as { state: string; holds: number; generation: number };
}
async function warnings(): Promise<object[]> {
  const { rows } = await database.pool.query<{ of_tenant: boolean; percent: number; limit_bytes: number }>(
    `SELECT subject_id = tenant_id AS of_tenant, percent, limit_bytes FROM usage_warnings
     WHERE tenant_id = $1 ORDER BY 1, 2`,
    [alice.tenantId],
  );
  return rows;
}

describe('a limit that is reached', () => {
  test('of a user: all of their devices are held and sessions end; nobody else is affected', async () => {
    await limitTenant('user_data_limit_bytes', 1_000);
    const bob = await anotherUser();
    const [phone, laptop, theirs] = [await register(), await register(), await register(bob)];
    expect(await moves(phone, 999)).toEqual([]);
    expect(await stateOf(phone)).toMatchObject({ state: 'live' });
    expect(await moves(phone, 1_000)).toEqual([alice]);
    expect(await stateOf(phone)).toMatchObject({ state: 'suspended', holds: 8, generation: 2 });
    expect(await stateOf(laptop)).toMatchObject({ state: 'suspended', holds: 8 });
    expect(await stateOf(theirs)).toMatchObject({ state: 'live', generation: 1 });
    const { rows } = await sql('SELECT state, closed_reason FROM sessions WHERE device_id = $1', [phone.id]);
    expect(rows).toEqual([{ state: 'CLOSED', closed_reason: 'revoked' }]);
  });

  test('of a tenant: all of its devices are held', async () => {
    await limitTenant('data_limit_bytes', 100);
    const bob = await anotherUser();
    const [mine, theirs] = [await register(), await register(bob)];
    await moves(mine, 60);
    expect(await moves(theirs, 40)).toEqual([{ tenantId: alice.tenantId, userId: null }]);
    expect(await stateOf(mine)).toMatchObject({ state: 'suspended' });
    expect(await stateOf(theirs)).toMatchObject({ state: 'suspended' });
  });

  test('the operator’s limit for a user replaces the plan; the tenant’s limit applies within it', async () => {
    await limitTenant('user_data_limit_bytes', 10);
    const bob = await anotherUser();
    const setUser = ({ userId }: Owner, column: string, bytes: number) =>
      sql(`UPDATE tenant_users SET ${column} = $2 WHERE id = $1`, [userId, bytes]);
    await setUser(bob, 'data_limit_bytes', 100);
    expect(await moves(await register(bob), 10)).toEqual([bob]);
    await setUser(alice, 'operator_data_limit_bytes', 100);
    const device = await register();
    expect(await moves(device, 99)).toEqual([]);
    expect(await moves(device, 100)).toEqual([alice]);
  });

  test('warnings: each threshold once per period', async () => {
    await limitTenant('user_data_limit_bytes', 1_000);
    const device = await register();
    await moves(device, 799);
    expect(await warnings()).toEqual([]);
    await moves(device, 800);
    await moves(device, 801);
    expect(await warnings()).toEqual([{ of_tenant: false, percent: 80, limit_bytes: 1_000 }]);
    await moves(device, 1_200);
    expect(await warnings()).toMatchObject([{ percent: 80 }, { percent: 95 }, { percent: 100 }]);
    await limitTenant('user_data_limit_bytes', 2_000);
    await limits.release(strictItems());
    await moves(device, 2_000);
    expect(await warnings(), 'a limit that was raised is reached again, and said again').toMatchObject(
      [80, 95, 100].map((percent) => ({ percent, limit_bytes: 2_000 })),
    );
  });
});

describe('a device that a VPN server cuts off', () => {
  const budgetsOf = async (device: Device) => (await limits.dataLeft([device.id])).get(device.id)!;
  const acknowledge = (...some: Device[]) =>
    sql('UPDATE devices SET applied_generation = generation WHERE id = ANY ($1)', [some.map(({ id }) => id)]);
  async function isCut(device: Device, budget: string) {
    const settled = await limits.settleCuts([{ deviceId: device.id, budget }]);
    for (const over of settled.reached) await limits.hold(over, strictItems());
    return settled;
  }

  test('reaches its user’s limit once if no packet fits into the rest, with a warning', async () => {
    await limitTenant('user_data_limit_bytes', 100_000);
    const [phone, laptop] = [await register(), await register()];
    await acknowledge(phone, laptop);
    const [budget] = await budgetsOf(phone);
    expect(await budgetsOf(laptop)).toEqual([budget]);
    expect(await moves(phone, 99_275)).toEqual([]);
    expect(await isCut(phone, budget!.id)).toEqual({ reached: [alice], serverIds: [] });
    for (const device of [phone, laptop]) {
      expect(await stateOf(device)).toMatchObject({ state: 'suspended', holds: 8, generation: 2 });
    }
    expect(await warnings()).toMatchObject([{ percent: 80 }, { percent: 95 }, { percent: 100 }]);
    expect(await limits.release(strictItems()), 'it stays so').toEqual([]);
    expect(await budgetsOf(phone)).toMatchObject([{ bytes: 0 }]);
    await limitTenant('user_data_limit_bytes', 99_000);
    expect(await limits.release(strictItems())).toEqual([]);
    await limitTenant('user_data_limit_bytes', 100_001);
    expect(await limits.release(strictItems())).toEqual([server.id]);
    expect(await budgetsOf(phone)).toMatchObject([{ bytes: 726 }]);
    expect((await budgetsOf(phone))[0]!.id).not.toBe(budget!.id);
  });

  test('reaches a tenant’s limit in the same way', async () => {
    await limitTenant('data_limit_bytes', 1_000);
    const device = await register(await anotherUser());
    await acknowledge(device);
    await moves(device, 400);
    const [budget] = await budgetsOf(device);
    expect((await isCut(device, budget!.id)).reached).toEqual([{ tenantId: alice.tenantId, userId: null }]);
    expect(await stateOf(device)).toMatchObject({ state: 'suspended', holds: 8 });
  });

  test('gets a new budget once if much is left', async () => {
    await limitTenant('user_data_limit_bytes', 1_000_000);
    const device = await register();
    await acknowledge(device);
    await moves(device, 200_000);
    const [before] = await budgetsOf(device);
    expect(await isCut(device, before!.id)).toEqual({ reached: [], serverIds: [server.id] });
    expect(await stateOf(device)).toMatchObject({ state: 'live', generation: 2 });
    const [after] = await budgetsOf(device);
    expect(after).toMatchObject({ bytes: 800_000 });
    expect(after!.id).not.toBe(before!.id);
    expect(await isCut(device, before!.id), 'before its VPN server has heard of it').toEqual({
      reached: [],
      serverIds: [],
    });
    expect(await stateOf(device)).toMatchObject({ generation: 2 });
  });

  test('by an obsolete budget gets a new one, and no limit is reached', async () => {
    await limitTenant('user_data_limit_bytes', 1_000);
    const device = await register();
    const [before] = await budgetsOf(device);
    await moves(device, 990);
    await limitTenant('user_data_limit_bytes', null);
    await acknowledge(device);
    expect(await isCut(device, before!.id)).toEqual({ reached: [], serverIds: [server.id] });
    expect(await stateOf(device)).toMatchObject({ state: 'live', generation: 2 });
    expect(await budgetsOf(device)).toEqual([]);
  });

  test('reaches an unused limit: one of zero, or one lowered below the usage', async () => {
    await limitTenant('user_data_limit_bytes', 0);
    const device = await register();
    await acknowledge(device);
    expect((await isCut(device, (await budgetsOf(device))[0]!.id)).reached).toEqual([alice]);
    expect(await warnings()).toEqual([{ of_tenant: false, percent: 100, limit_bytes: 0 }]);
    expect(await stateOf(device)).toMatchObject({ state: 'suspended' });
  });

  test('each period has a different budget', async () => {
    await limitTenant('user_data_limit_bytes', 1_000);
    const device = await register();
    await acknowledge(device);
    await moves(device, 990);
    const [before] = await budgetsOf(device);
    await isCut(device, before!.id);
    await sql("UPDATE usage_periods SET starts_at = starts_at - interval '1 month' WHERE tenant_id = $1", [
      alice.tenantId,
    ]);
    await sql("UPDATE usage_metrics SET starts_at = starts_at - interval '2 months' WHERE tenant_id = $1", [
      alice.tenantId,
    ]);
    expect(await limits.release(strictItems())).toEqual([server.id]);
    const [after] = await budgetsOf(device);
    expect(after).toMatchObject({ bytes: 1_000 });
  });
});

describe('devices come back', () => {
  test('when the limit is raised, except those with another hold', async () => {
    await limitTenant('user_data_limit_bytes', 1_000);
    const [phone, laptop] = [await register(), await register()];
    await moves(phone, 1_000);
    await sql('UPDATE devices SET holds = holds | 16 WHERE id = $1', [laptop.id]);
    expect(await limits.release(strictItems())).toEqual([]);
    await limitTenant('user_data_limit_bytes', 1_000);
    expect(await stateOf(phone)).toMatchObject({ state: 'suspended' });
    await limitTenant('user_data_limit_bytes', 1_001);
    expect(await limits.release(strictItems())).toEqual([server.id]);
    expect(await stateOf(phone)).toMatchObject({ state: 'live', holds: 0 });
    expect(await stateOf(laptop)).toMatchObject({ state: 'suspended', holds: 16 });
  });

  test('when the limit is removed', async () => {
    await limitTenant('data_limit_bytes', 1);
    const device = await register();
    await moves(device, 5);
    await limitTenant('data_limit_bytes', null);
    await limits.release(strictItems());
    expect(await stateOf(device)).toMatchObject({ state: 'live' });
  });

  test('not while the tenant’s limit is reached, whatever the user’s limit', async () => {
    await limitTenant('data_limit_bytes', 5);
    const device = await register();
    await moves(device, 5);
    await sql('UPDATE tenant_users SET data_limit_bytes = 1000 WHERE tenant_id = $1', [alice.tenantId]);
    await limits.release(strictItems());
    expect(await stateOf(device)).toMatchObject({ state: 'suspended' });
  });

  test('when a new period begins', async () => {
    await limitTenant('data_limit_bytes', 5);
    const device = await register();
    await moves(device, 5);
    // Moves everything into the previous period.
    for (const table of ['usage_periods', 'usage_metrics']) {
      await sql(`UPDATE ${table} SET starts_at = starts_at - interval '1 month' WHERE tenant_id = $1`, [
        alice.tenantId,
      ]);
    }
    await limits.release(strictItems());
    expect(await stateOf(device)).toMatchObject({ state: 'live' });
  });

  test('and devices without a hold get a new budget once per period', async () => {
    await limitTenant('user_data_limit_bytes', 1_000);
    const [phone, laptop] = [await register(), await register()];
    const free = await aTenantWithUser(database);
    const theirs = await register(free);
    const all = async () => {
      for (let part = 0; part < 50; part++) if ((await limits.renew(strictItems())).done) return;
      throw new Error('it does not end');
    };
    await all();
    expect(await stateOf(phone), 'nothing has turned').toMatchObject({ generation: 1 });
    await sql("UPDATE data_renewals SET starts_at = starts_at - interval '1 month' WHERE tenant_id = $1", [
      alice.tenantId,
    ]);
    await all();
    await all();
    expect(await stateOf(phone)).toMatchObject({ state: 'live', generation: 2 });
    expect(await stateOf(laptop)).toMatchObject({ generation: 2 });
    expect(await stateOf(theirs)).toMatchObject({ generation: 1 });
    const { rows } = await sql('SELECT max(generation)::int AS generation FROM outbox WHERE device_id = $1', [
      phone.id,
    ]);
    expect(rows).toEqual([{ generation: 2 }]);
  });
});

describe('a limit that is raised through a plan', () => {
  const raises: [string, (bytes: number) => Promise<unknown>][] = [
    [
      'the tenant’s',
      (bytes) => createTenantStore(database).update(alice.tenantId, { dataLimitBytes: bytes }),
    ],
    [
      'the tenant’s, for each user',
      (bytes) => createTenantStore(database).update(alice.tenantId, { userDataLimitBytes: bytes }),
    ],
    [
      'the user’s own',
      (bytes) => createPlanStore(database).limitUser(alice.tenantId, alice.userId, { dataLimitBytes: bytes }),
    ],
  ];
  const spread = async () => {
    const plans = createPlanStore(database);
    for (let part = 0; part < 50; part++) {
      const change = await plans.nextChange([]);
      if (change === null) return;
      await plans.spread(change, 1_000);
    }
    throw new Error('it does not end');
  };
  /** The budget that the VPN server gets now: bytes that the kernel lets through from the newest generation on. */
  const told = async (device: Device) => {
    const opOf = createOps({
      presharedKeyOf: () => {
        throw new Error('it has none');
      },
      data: limits,
    });
    const peer = (await createPeerStore(database, 0).desired(server.id)).find(
      (each) => each.deviceId === device.id,
    );
    return opOf(peer!, () => false);
  };

  test.each(raises)(
    '%s: the kernel is given what is left, also of a quota that ran out before it was read',
    async (_whose, raise) => {
      await raise(1_000);
      await spread();
      const device = await register();
      await moves(device, 900);
      const before = await stateOf(device);
      await raise(5_000);
      await spread();
      expect(await stateOf(device)).toMatchObject({ state: 'live', generation: before.generation + 1 });
      expect(await told(device)).toMatchObject({
        verb: 'set',
        generation: before.generation + 1,
        limits: { dataBytes: 4_100 },
      });
    },
  );

  test.each(raises)('%s: held devices are back, with the remaining budget', async (_whose, raise) => {
    await raise(1_000);
    await spread();
    const device = await register();
    await moves(device, 1_200);
    expect(await stateOf(device)).toMatchObject({ state: 'suspended', holds: 8 });
    expect(await told(device)).toMatchObject({ verb: 'remove' });
    await raise(5_000);
    await spread();
    await limits.release(strictItems());
    expect(await stateOf(device)).toMatchObject({ state: 'live', holds: 0 });
    expect(await told(device)).toMatchObject({ verb: 'set', limits: { dataBytes: 3_800 } });
  });
});

describe('what is left', () => {
  test('is the remainder of user and tenant, never below 0, and absent without a limit', async () => {
    const bob = await anotherUser();
    const [mine, theirs] = [await register(), await register(bob)];
    const left = async () => {
      const map = await limits.dataLeft([mine.id, theirs.id, newId()]);
      const least = (device: Device) => Math.min(...map.get(device.id)!.map(({ bytes }) => bytes));
      return [least(mine), least(theirs), map.size];
    };
    expect(await left()).toEqual([Infinity, Infinity, 2]);
    await limitTenant('user_data_limit_bytes', 1_000);
    expect(await left()).toEqual([1_000, 1_000, 2]);
    await moves(mine, 400);
    expect(await left()).toEqual([600, 1_000, 2]);
    await limitTenant('data_limit_bytes', 500);
    expect(await left()).toEqual([100, 100, 2]);
    await moves(mine, 5_000);
    expect(await left()).toEqual([0, 0, 2]);
  });

  test('survives a new reset day: the period’s usage is recounted from the metered bytes', async () => {
    await limitTenant('user_data_limit_bytes', 1_000);
    const device = await register();
    await moves(device, 300);
    const today = new Date().getUTCDate();
    // The period changes, and what was metered just now lies within it.
    await sql('UPDATE tenants SET data_reset_day = $2 WHERE id = $1', [
      alice.tenantId,
      today === 1 ? 28 : Math.min(today, 28),
    ]);
    expect((await limits.dataLeft([device.id])).get(device.id)).toMatchObject([{ bytes: 700 }]);
    await moves(device, 350);
    expect((await limits.dataLeft([device.id])).get(device.id)).toMatchObject([{ bytes: 650 }]);
  });
});

test.each(Array.from({ length: 28 }, (_, n) => n + 1))(
  'reset day %i: the database and the domain agree on when the period began',
  async (day) => {
    const { rows } = await database.pool.query<{ startsAt: Date; now: Date }>(
      `SELECT ${periodStartSql('$1::int')} AS "startsAt", now() AS now`,
      [day],
    );
    expect(rows.map(({ startsAt }) => startsAt)).toEqual(rows.map(({ now }) => periodStart(day, now)));
  },
);
