/** An expired row that cannot be deleted blocks no other, and is deleted once that is possible. */
import { createItems, type Items } from './items.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDeviceStore } from '../../devices/store.ts';
import { forgetAnswers } from '../idempotency/forget-answers.job.ts';
import { forgetEnded } from '../../sign-in/forget-ended.job.ts';
import { countAddresses } from '../../locations/count-addresses.job.ts';
import { forgetServerEvents } from '../../servers/forget-events.job.ts';
import { rollUpUsage } from '../../usage/roll-up-usage.job.ts';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import { aDevice, aServer, aTenantWithUser } from '../../testing/fixtures.ts';

let database: TestDatabase;
/** $1 tenant, $2 user, $3 device, $4 VPN server. */
let owners: string[];

const sql = <R extends object>(text: string, values: unknown[] = []) => database.pool.query<R>(text, values);
const clean = (items: Items) =>
  rollUpUsage({
    database: database.as('cvault_metering'),
    keep: { hourlyDays: 7, dailyDays: 400, sessionDays: 30 },
  }).run(items);
const forget = (items: Items) => forgetEnded(database.as('cvault_jobs')).run(items);

beforeAll(async () => {
  database = await createTestDatabase();
  const server = await aServer(database, { cidr: '10.40.0.0/24' });
  const { tenantId, userId } = await aTenantWithUser(database);
  const device = await createDeviceStore(database.as('cvault_api'), 0).register(
    aDevice({ tenantId, userId }, { serverId: server.id }),
  );
  owners = [tenantId, userId, device.id, server.id];
  await sql('CREATE TABLE poisoned (mark text PRIMARY KEY)');
  // The argument names the column that identifies the rows of a test.
  await sql(`
    CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
      IF EXISTS (SELECT FROM poisoned WHERE mark = to_jsonb(OLD) ->> TG_ARGV[0]) THEN RAISE EXCEPTION 'this row is poisoned'; END IF;
      IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
      RETURN NEW;
    END $$`);
});
afterAll(() => database.close());

const HOUR = (span: string, age: string) =>
  `INSERT INTO usage_metrics (tenant_id, user_id, device_id, server_id, span, starts_at, upload_bytes, download_bytes)
   SELECT $1, $2, $3, $4, '${span}', date_trunc('day', now(), 'UTC') - ${age} - n * interval '1 day', n, n FROM generate_series(1, 30) AS n`;

test.each<[table: string, mark: string, insert: string, work: (items: Items) => Promise<unknown>]>([
  [
    'idempotency_keys',
    'claimed_until',
    `INSERT INTO idempotency_keys (claim_hash, tenant_id, fingerprint, intended_id, claimed_until, created_at)
     SELECT sha256(n::text::bytea), $1, 'x', $2, now() - n * interval '1 day', now() - n * interval '2 days'
     FROM generate_series(1, 30) AS n WHERE $3::text || $4::text <> ''`,
    (items) => forgetAnswers(database.as('cvault_jobs')).run(items),
  ],
  [
    'server_events',
    'at',
    `INSERT INTO server_events (server_id, at, type, code, detail)
     SELECT $4, now() - interval '100 days' - n * interval '1 day', 'server.restored', 'x', ''
     FROM generate_series(1, 30) AS n WHERE $1::text || $2::text || $3::text <> ''`,
    (items) => forgetServerEvents(database.as('cvault_jobs')).run(items),
  ],
  [
    'sign_ins',
    'expires_at',
    `INSERT INTO sign_ins (id, tenant_id, user_id, expires_at)
     SELECT gen_random_uuid(), $1, $2, now() - interval '2 days' - n * interval '1 day'
     FROM generate_series(1, 30) AS n WHERE $3::text || $4::text <> ''`,
    forget,
  ],
  ['usage_metrics', 'starts_at', HOUR('hour', "interval '9 days'"), clean],
  ['usage_metrics', 'starts_at', HOUR('day', "interval '401 days'"), clean],
  [
    'sessions',
    'closed_at',
    `INSERT INTO sessions (id, tenant_id, user_id, device_id, server_id, state, connected_at, closed_at, closed_reason)
     SELECT gen_random_uuid(), $1, $2, $3, $4, 'CLOSED', now() - interval '99 days', now() - interval '40 days' - n * interval '1 hour', 'disconnect'
     FROM generate_series(1, 30) AS n`,
    clean,
  ],
  [
    'webhook_events',
    'created_at',
    `INSERT INTO webhook_events (id, tenant_id, user_id, type, data, created_at)
     SELECT gen_random_uuid(), $1, $2, 'device.created', '{}', now() - interval '99 days' - n * interval '1 hour'
     FROM generate_series(1, 30) AS n WHERE $3::text || $4::text <> ''`,
    clean,
  ],
  [
    'usage_periods',
    'starts_at',
    `INSERT INTO usage_periods (tenant_id, subject_id, starts_at, used_bytes, added_bytes)
     SELECT $1, $2, now() - interval '99 days' - n * interval '1 day', 1, 1
     FROM generate_series(1, 30) AS n WHERE $3::text || $4::text <> ''`,
    clean,
  ],
  [
    'meter_readings',
    'life',
    `INSERT INTO meter_readings (tenant_id, user_id, device_id, server_id, life, received_bytes, sent_bytes, received_added, sent_added, read_at)
     SELECT $1, $2, $3, $4, n::text, 1, 1, 0, 0, now() - interval '3 days' FROM generate_series(1, 30) AS n`,
    clean,
  ],
])('%s', async (table, mark, insert, work) => {
  await sql(`TRUNCATE ${table} CASCADE`);
  await sql(insert, owners);
  await sql(
    `CREATE TRIGGER poison BEFORE DELETE ON ${table} FOR EACH ROW EXECUTE FUNCTION poison('${mark}')`,
  );
  // The first, the last and one in between, whatever the order.
  await sql(
    `INSERT INTO poisoned SELECT mark FROM (
       SELECT to_jsonb(t) ->> $1 AS mark, row_number() OVER (ORDER BY ${mark}) AS place FROM ${table} t
     ) AS rows WHERE place IN (1, 12, 30)`,
    [mark],
  );
  const span = (await sql<{ span: string }>(`SELECT to_jsonb(t) ->> 'span' AS span FROM ${table} t LIMIT 1`))
    .rows[0]!.span;
  const left = async () =>
    (await sql(`SELECT FROM ${table} t WHERE to_jsonb(t) ->> 'span' IS NOT DISTINCT FROM $1`, [span]))
      .rowCount;
  const items = createItems();
  expect(await left()).toBe(30);
  await work(items);
  expect(await left()).toBe(3);
  expect(items.failing()).toHaveLength(3);
  expect(items.failing()[0]).toMatchObject({ error: { message: 'this row is poisoned' } });

  await sql('DELETE FROM poisoned');
  await work(items);
  expect(await left()).toBe(0);
  expect(items.failing()).toEqual([]);
  await sql(`DROP TRIGGER poison ON ${table}`);
});

test('the addresses of the other VPN servers are counted', async () => {
  const ids: string[] = [];
  for (const n of [1, 2, 3]) ids.push((await aServer(database, { cidr: `10.41.${n}.0/29` })).id);
  await sql('UPDATE servers SET addresses = 0, free_addresses = 0');
  await sql('CREATE TRIGGER poison BEFORE UPDATE ON servers FOR EACH ROW EXECUTE FUNCTION poison($$id$$)');
  await sql('INSERT INTO poisoned VALUES ($1)', [ids[1]]);
  const counted = async () =>
    (
      await sql<{ id: string }>('SELECT id FROM servers WHERE addresses > 0 AND id = ANY($1) ORDER BY id', [
        ids,
      ])
    ).rows.map(({ id }) => id);
  const items = createItems();
  await countAddresses(database.as('cvault_jobs')).run(items);
  expect(await counted()).toEqual([ids[0]!, ids[2]!].sort());
  expect(items.failing()).toMatchObject([{ item: ids[1], error: { message: 'this row is poisoned' } }]);
});
