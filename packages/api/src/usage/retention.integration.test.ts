import type { Device } from '../devices/device.ts';
import type { Owner } from '../devices/ports.ts';
import { beforeEach, expect } from 'vitest';
import { aDevice, aServer, aTenantWithUser } from '../testing/fixtures.ts';
import { createDeviceStore } from '../devices/store.ts';
import { rollUpUsage } from './roll-up-usage.job.ts';
import { createUsageStore } from './store.ts';
import { strictItems } from '../testing/items.ts';
import { test as base } from '../testing/test-with-database.ts';

const keep = { hourlyDays: 7, dailyDays: 400, sessionDays: 30 };
let owner: Owner;
let device: Device;

const test = base
  .extend('rollUp', { scope: 'file' }, ({ database }) =>
    rollUpUsage({ database: database.as('cvault_metering'), keep }),
  )
  /** One row for every hour of the last `days` days; hour n has n bytes up and 2n down. */
  .extend('hours', ({ database }) => async (days: number): Promise<void> => {
    await database.pool.query(
      `INSERT INTO usage_metrics (tenant_id, user_id, device_id, server_id, span, starts_at, upload_bytes, download_bytes)
     SELECT $1, $2, $3, $4, 'hour', date_trunc('hour', now(), 'UTC') - n * interval '1 hour', n, 2 * n
     FROM generate_series(0, $5 * 24 - 1) AS n`,
      [owner.tenantId, owner.userId, device.id, device.placement.serverId, days],
    );
  })
  .extend(
    'rows',
    ({ database }) =>
      async () =>
        (
          await database.pool.query<{ span: string; n: number; up: number; down: number }>(
            `SELECT span, count(*)::int AS n, sum(upload_bytes)::bigint AS up, sum(download_bytes)::bigint AS down
       FROM usage_metrics GROUP BY span ORDER BY span`,
          )
        ).rows,
  )
  .extend('perDay', ({ database }) => async () => {
    const from = new Date(to.getTime() - 60 * 86_400_000);
    const found = await createUsageStore(database.as('cvault_api')).series(
      { of: 'user', ...owner },
      { from, to, granularity: 'day' },
      1_000,
    );
    return found!;
  });

test.beforeAll(async ({ database }) => {
  await aServer(database, { cidr: '10.40.0.0/24' });
});
test.beforeEach(async ({ database }) => {
  await database.pool.query('TRUNCATE usage_metrics, sessions, meter_readings');
  owner = await aTenantWithUser(database);
  device = await createDeviceStore(database.as('cvault_api'), 0).register(aDevice(owner));
});

/** A fixed end for all readings of a test, which may run past midnight. */
let to = new Date();
beforeEach(() => {
  to = new Date();
});

test('hours become days to the byte, even when repeated or done concurrently', async ({
  rollUp,
  hours,
  rows,
  perDay,
}) => {
  await hours(20);
  const before = await perDay();
  const [sum] = await rows();
  await Promise.all(Array.from({ length: 5 }, () => rollUp.run(strictItems())));
  await rollUp.run(strictItems());
  const [kept, days] = await rows();
  expect(kept!.n).toBeGreaterThanOrEqual(7 * 24);
  expect(kept!.n).toBeLessThanOrEqual(8 * 24);
  expect(days!.n).toBeGreaterThanOrEqual(12);
  expect([kept!.up + days!.up, kept!.down + days!.down]).toEqual([sum!.up, sum!.down]);
  expect(await perDay(), 'the API tells the same').toEqual(before);
});

test('a late hour is added to its day', async ({ database, rollUp, hours, rows }) => {
  await hours(20);
  await rollUp.run(strictItems());
  const before = await rows();
  await database.pool.query(
    `INSERT INTO usage_metrics SELECT tenant_id, user_id, device_id, server_id, 'hour', starts_at, 5, 6
     FROM usage_metrics WHERE span = 'day' ORDER BY starts_at LIMIT 1`,
  );
  await rollUp.run(strictItems());
  const after = await rows();
  expect(after[1]).toEqual({ ...before[1]!, up: before[1]!.up + 5, down: before[1]!.down + 6 });
});

test('exactly the expired days, sessions and counts of finished lives are deleted', async ({
  database,
  rollUp,
  rows,
}) => {
  await database.pool.query(
    `INSERT INTO usage_metrics SELECT $1, $2, $3, $4, 'day', date_trunc('day', now(), 'UTC') - n * interval '1 day', 1, 1
     FROM unnest(ARRAY[399, 401]) AS n`,
    [owner.tenantId, owner.userId, device.id, device.placement.serverId],
  );
  await database.pool.query(
    `INSERT INTO sessions (id, tenant_id, user_id, device_id, server_id, state, connected_at, closed_at, closed_reason)
     SELECT gen_random_uuid(), $1, $2, $3, $4, 'CLOSED', now() - interval '99 days', now() - n * interval '1 day', 'silence'
     FROM unnest(ARRAY[29, 31]) AS n`,
    [owner.tenantId, owner.userId, device.id, device.placement.serverId],
  );
  await database.pool.query(
    `INSERT INTO sessions (id, tenant_id, user_id, device_id, server_id, connected_at)
     VALUES (gen_random_uuid(), $1, $2, $3, $4, now() - interval '99 days')`,
    [owner.tenantId, owner.userId, device.id, device.placement.serverId],
  );
  await database.pool.query(
    "INSERT INTO meter_passes (server_id, life) VALUES ($1, 'now') ON CONFLICT (server_id) DO UPDATE SET life = 'now'",
    [device.placement.serverId],
  );
  await database.pool.query(
    `INSERT INTO meter_readings (tenant_id, user_id, device_id, server_id, life, received_bytes, sent_bytes, received_added,
       sent_added, read_at)
     SELECT $1, $4, $2, $3, life, 1, 1, 0, 0, now() - age * interval '1 hour'
     FROM (VALUES ('now', 1000), ('over', 25), ('just over', 1)) AS lives (life, age)`,
    [owner.tenantId, device.id, device.placement.serverId, owner.userId],
  );
  await rollUp.run(strictItems());
  expect(await rows()).toMatchObject([{ span: 'day', n: 1 }]);
  const sessions = await database.pool.query('SELECT state FROM sessions ORDER BY state');
  expect(sessions.rows).toEqual([{ state: 'ACTIVE' }, { state: 'CLOSED' }]);
  const lives = await database.pool.query('SELECT life FROM meter_readings ORDER BY life');
  expect(lives.rows).toEqual([{ life: 'just over' }, { life: 'now' }]);
});
