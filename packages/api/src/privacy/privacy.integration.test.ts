/** Personal data: the list is complete, exports are complete, and erasure leaves nothing. */
import { newId } from '../platform/ids.ts';
import { describe, expect } from 'vitest';
import { IMPERSONAL_TABLES, PERSONAL_TABLES } from './inventory.ts';
import { rollUpUsage } from '../usage/roll-up-usage.job.ts';
import { signUp, type SignedInUser } from '../testing/whole-api.ts';
import { strictItems } from '../testing/items.ts';
import { test as base } from '../testing/test-with-whole-api.ts';

const KEEP = { hourlyDays: 7, dailyDays: 400, sessionDays: 30 };

interface Canary extends SignedInUser {
  readonly userId: string;
  readonly deviceId: string;
}

const test = base
  .extend('environment', { scope: 'file' }, { CVAULT_OUTBOUND_ALLOW: '127.0.0.1' })
  .extend(
    'sql',
    ({ database }) =>
      <R extends object>(text: string, values: unknown[] = []) =>
        database.pool.query<R>(text, values),
  )
  /** Tables with a row that contains the text or its bytes. */
  .extend('tablesWith', ({ sql }) => async (needle: string): Promise<string[]> => {
    const { rows } = await sql<{ table: string }>(
      `SELECT table_name AS table FROM information_schema.tables
     WHERE table_schema = 'public' AND table_name <> '_prisma_migrations' ORDER BY 1`,
    );
    const found = [];
    for (const { table } of rows) {
      const hits = await sql(`SELECT FROM "${table}" x WHERE x::text ILIKE ANY ($1) LIMIT 1`, [
        [`%${needle}%`, `%${Buffer.from(needle).toString('hex')}%`],
      ]);
      if (hits.rowCount !== 0) found.push(table);
    }
    return found;
  })
  /** A user with rows in every table. */
  .extend('aCanary', ({ receiver, api, sql }) => async (name: string): Promise<Canary> => {
    const user = await signUp(api, name);
    const { rows } = await sql<{ id: string }>('SELECT id FROM tenant_users WHERE tenant_id = $1', [
      user.tenantId,
    ]);
    const userId = rows[0]!.id;
    await sql('UPDATE tenant_users SET email = $2 WHERE id = $1', [userId, `${name}@canary.test`]);
    await user.call('POST', '/tenant/webhook-endpoints', { url: receiver.url });
    const device = await user.call('POST', '/devices', { deviceName: `${name} phone` });
    const { id: deviceId } = device.json<{ id: string }>();
    await user.call('POST', '/vpn/connect', { deviceId });
    const of = [user.tenantId, userId, deviceId];
    await sql(
      `INSERT INTO usage_metrics (tenant_id, user_id, device_id, server_id, span, starts_at, upload_bytes, download_bytes)
     SELECT $1, $2, $3, server_id, 'hour', date_trunc('hour', now()), 1, 2 FROM devices WHERE id = $3`,
      of,
    );
    await sql('INSERT INTO usage_periods VALUES ($1, $2, now(), 3, 3)', of.slice(0, 2));
    await sql('INSERT INTO usage_warnings VALUES ($1, $2, now(), 80, 3, 3)', of.slice(0, 2));
    return { ...user, userId, deviceId };
  });

describe('the list of what is stored', () => {
  test('names every table and column with its purpose', async ({ sql }) => {
    const { rows } = await sql<{ table: string; columns: string[] }>(
      `SELECT table_name AS table, array_agg(column_name::text ORDER BY column_name) AS columns
       FROM information_schema.columns WHERE table_schema = 'public' GROUP BY 1 ORDER BY 1`,
    );
    const listed = Object.fromEntries(
      Object.entries(PERSONAL_TABLES).map(([table, { columns, withheld }]) => [
        table,
        [...Object.keys(columns), ...Object.keys(withheld ?? {})].sort(),
      ]),
    );
    const stored = rows.filter(({ table }) => !IMPERSONAL_TABLES.includes(table));
    expect(Object.fromEntries(stored.map(({ table, columns }) => [table, columns.sort()]))).toEqual(listed);
    const personal = /^(user_id|device_id|subject_id|sign_in_id|email)$/;
    const overlooked = rows.filter(
      ({ table, columns }) =>
        IMPERSONAL_TABLES.includes(table) && columns.some((column) => personal.test(column)),
    );
    expect(overlooked).toEqual([]);
  });
});

test('an export has all data of the user, and no credentials or data of others', async ({ aCanary }) => {
  const [wren, finch] = [await aCanary('wren'), await aCanary('finch')];
  const answer = await wren.call('GET', `/tenant/users/${wren.userId}/export`);
  expect(answer.statusCode).toBe(200);
  const { tables } = answer.json<{ tables: Record<string, object[]> }>();
  for (const table of [
    'tenant_users', 'sign_ins', 'refresh_tokens', 'devices', 'sessions', 'usage_metrics', 'usage_periods',
    'usage_warnings', 'ip_pool', 'public_keys', 'webhook_events', 'webhook_deliveries',
  ]) expect(tables[table], table).not.toEqual([]); // prettier-ignore
  expect(tables['tenant_users']).toMatchObject([{ email: 'wren@canary.test' }]);
  expect(tables['devices']).toMatchObject([{ name: 'wren phone' }]);
  expect(answer.body).not.toMatch(/finch|private_key"|preshared|password|token_hash/);
  expect(answer.body).not.toContain(finch.tenantId);
  for (const [id, method, path] of [
    [wren.userId, 'GET', 'export'],
    [wren.userId, 'POST', 'erase'],
    [newId(), 'GET', 'export'],
    [newId(), 'POST', 'erase'],
  ] as const) {
    const refused = await finch.call(method, `/tenant/users/${id}/${path}`);
    expect([refused.statusCode, refused.json<{ detail: string }>().detail]).toEqual([
      404,
      'There is no user with this id.',
    ]);
  }
});

test('a live key neither exports nor erases test users', async ({ sql, aCanary }) => {
  const jay = await aCanary('jay');
  await sql('INSERT INTO tenant_users (id, tenant_id, mode, email) VALUES ($1, $2, $3, $4)', [
    newId(),
    jay.tenantId,
    'test',
    'jay@test.example',
  ]);
  const { rows } = await sql<{ id: string }>('SELECT id FROM tenant_users WHERE email = $1', [
    'jay@test.example',
  ]);
  const id = rows[0]!.id;
  expect((await jay.call('GET', `/tenant/users/${id}`)).statusCode).toBe(404);
  for (const [method, path] of [
    ['GET', 'export'],
    ['POST', 'erase'],
  ] as const) {
    expect((await jay.call(method, `/tenant/users/${id}/${path}`)).statusCode, path).toBe(404);
  }
  const left = 'SELECT FROM tenant_users WHERE id = $1 AND erase_requested_at IS NULL';
  expect((await sql(left, [id])).rowCount).toBe(1);
});

test('an erased user leaves no trace, the VPN server removes the device first, and others are untouched', async ({
  api,
  sql,
  tablesWith,
  aCanary,
}) => {
  const [robin, heron] = [await aCanary('robin'), await aCanary('heron')];
  const path = `/tenant/users/${robin.userId}/erase`;
  const answers = await Promise.all([1, 2, 3].map(() => robin.call('POST', path)));
  expect(answers.every(({ statusCode }) => [202, 204].includes(statusCode))).toBe(true);
  await expect.poll(() => tablesWith('robin@canary.test')).toEqual([]);
  await expect
    .poll(async () => (await sql('SELECT FROM tenant_users WHERE id = $1', [robin.userId])).rowCount, {
      timeout: 15_000,
    })
    .toBe(0);
  expect(await tablesWith('robin phone')).toEqual([]);
  // The audit log keeps ids, and nothing else.
  expect((await tablesWith(robin.deviceId)).filter((table) => table !== 'audit_log')).toEqual([]);
  // The event about the erasure, which contains only the user's id, is kept like any other event.
  expect(
    (await tablesWith(robin.userId)).filter((table) => !['audit_log', 'webhook_events'].includes(table)),
  ).toEqual([]);
  const told = await sql<{ type: string }>('SELECT type FROM webhook_events WHERE user_id = $1', [
    robin.userId,
  ]);
  expect(told.rows).toEqual([{ type: 'user.deleted' }]);
  const { rows } = await sql<{ devices: number }>(
    'SELECT device_count AS devices FROM tenants WHERE id = $1',
    [robin.tenantId],
  );
  expect(rows).toEqual([{ devices: 0 }]);
  expect((await robin.call('GET', '/me')).statusCode).toBe(401);
  expect(api.logs()).not.toMatch(/@canary\.test|robin phone/);
  expect(await tablesWith('heron@canary.test')).toEqual(['tenant_users']);
  expect((await heron.call('GET', `/devices/${heron.deviceId}`)).statusCode).toBe(200);
});

test('a deleted tenant leaves only the tombstones of its keys', async ({ api, tablesWith, aCanary }) => {
  const crane = await aCanary('crane');
  const answer = await api.app.inject({
    method: 'DELETE',
    url: `/api/v1/admin/tenants/${crane.tenantId}`,
    headers: { authorization: `Bearer ${api.adminKey}` },
  });
  expect([202, 204]).toContain(answer.statusCode);
  await expect
    .poll(
      async () => (await tablesWith(crane.tenantId)).filter((table) => !/^(ip_pool|audit_)/.test(table)),
      {
        timeout: 15_000,
      },
    )
    .toEqual(['public_keys']);
  expect(await tablesWith('crane')).toEqual([]);
});

describe('in no-log mode', () => {
  test('closed sessions, last use and usage over time are not kept; totals are', async ({
    database,
    sql,
    aCanary,
  }) => {
    const swift = await aCanary('swift');
    const clean = () =>
      rollUpUsage({ database: database.as('cvault_metering'), keep: KEEP }).run(strictItems());
    await swift.call('POST', '/vpn/disconnect', { deviceId: swift.deviceId });
    const count = async (table: string) =>
      (await sql(`SELECT FROM ${table} WHERE tenant_id = $1`, [swift.tenantId])).rowCount;
    expect(await count('sessions')).toBe(1);
    await sql('UPDATE tenants SET no_log = true WHERE id = $1', [swift.tenantId]);
    await sql('DELETE FROM webhook_events WHERE tenant_id = $1', [swift.tenantId]);
    await clean();
    expect(await count('sessions')).toBe(0);
    await swift.call('POST', '/vpn/connect', { deviceId: swift.deviceId });
    expect(await count('sessions')).toBe(1);
    await swift.call('POST', '/vpn/disconnect', { deviceId: swift.deviceId });
    expect([await count('sessions'), await count('webhook_events')]).toEqual([0, 0]);
    await clean();
    const { rows } = await sql('SELECT last_connected_at FROM devices WHERE id = $1', [swift.deviceId]);
    expect(rows).toEqual([{ last_connected_at: null }]);
    expect([await count('usage_metrics'), await count('usage_periods')]).toEqual([0, 1]);
  });

  test('each tenant’s retention periods are respected', async ({ database, sql, aCanary }) => {
    const [lark, owl] = [await aCanary('lark'), await aCanary('owl')];
    await sql('UPDATE tenants SET session_days = 2, usage_days = 62, delivery_log_days = 4 WHERE id = $1', [
      lark.tenantId,
    ]);
    for (const { tenantId } of [lark, owl]) {
      await sql(
        `UPDATE sessions SET state = 'CLOSED', closed_reason = 'silence', closed_at = now() - interval '3 days' WHERE tenant_id = $1`,
        [tenantId],
      );
      await sql(
        "UPDATE usage_metrics SET span = 'day', starts_at = now() - interval '63 days' WHERE tenant_id = $1",
        [tenantId],
      );
      await sql("UPDATE webhook_events SET created_at = now() - interval '5 days' WHERE tenant_id = $1", [
        tenantId,
      ]);
    }
    await rollUpUsage({ database: database.as('cvault_metering'), keep: KEEP }).run(strictItems());
    const left = async ({ tenantId }: Canary) =>
      Promise.all(
        ['sessions', 'usage_metrics', 'webhook_events', 'webhook_deliveries'].map(
          async (table) =>
            ((await sql(`SELECT FROM ${table} WHERE tenant_id = $1`, [tenantId])).rowCount ?? 0) > 0,
        ),
      );
    expect(await left(lark)).toEqual([false, false, false, false]);
    expect(await left(owl)).toEqual([true, true, true, true]);
  });
});
