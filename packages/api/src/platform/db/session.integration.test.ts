/** Connections must not depend on defaults of the database or the login. */
import { randomBytes } from 'node:crypto';
import { Secret } from '../crypto/secret.ts';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { aServer } from '../../testing/fixtures.ts';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import { urlOfDatabase } from '../../testing/postgres-server.ts';
import { createWholeApi, signUp } from '../../testing/whole-api.ts';
import { openDatabase } from './database.ts';
import { migrate } from './migrate.ts';
import { checkRoles } from './roles.ts';

/** The worst value of each setting. */
const DEFAULTS = {
  DateStyle: "'SQL, DMY'",
  IntervalStyle: 'iso_8601',
  TimeZone: "'Asia/Kathmandu'",
  client_encoding: 'LATIN1',
  extra_float_digits: '-15',
  bytea_output: 'escape',
  standard_conforming_strings: 'off',
  search_path: 'pg_catalog',
  row_security: 'off',
  lock_timeout: "'1ms'",
  statement_timeout: "'1ms'",
  idle_in_transaction_session_timeout: "'1ms'",
  idle_session_timeout: "'1ms'",
  default_transaction_isolation: 'serializable',
  default_transaction_read_only: 'on',
  default_transaction_deferrable: 'on',
  transform_null_equals: 'on',
  array_nulls: 'off',
  quote_all_identifiers: 'on',
  plan_cache_mode: 'force_custom_plan',
} as const;

const admin = new pg.Pool({ connectionString: inject('postgresUrl'), max: 1 });
afterAll(() => admin.end());

const setAll = async (database: string, settings: Readonly<Record<string, string>>) => {
  for (const [name, value] of Object.entries(settings)) {
    await admin.query(`ALTER DATABASE ${database} SET ${name} = ${value}`);
  }
};

async function useIt(database: TestDatabase): Promise<void> {
  await checkRoles(database.url.reveal());
  await aServer(database, { tunnelPrefix6: 'fd12:3456:789a::/64' });
  const api = await createWholeApi(database);
  try {
    const user = await signUp(api, `tenant ${randomBytes(4).toString('hex')}`);
    const registered = await user.call('POST', '/devices', { deviceName: 'Grüße, телефон' });
    expect(registered.statusCode).toBe(201);
    const { id, createdAt, keyExpiresAt } = registered.json<Record<string, string>>();
    expect(Math.abs(Date.parse(createdAt!) - Date.now())).toBeLessThan(600_000);
    expect(Date.parse(keyExpiresAt!) - Date.parse(createdAt!)).toBe(180 * 86_400_000);
    expect((await user.call('POST', `/devices/${id}/rotate`, {})).statusCode).toBe(200);
    expect((await user.call('GET', '/devices')).json()).toMatchObject({
      devices: [{ id, createdAt, deviceName: 'Grüße, телефон' }],
    });
    expect((await user.call('POST', '/vpn/connect', { deviceId: id })).statusCode).toBe(201);
    expect((await user.call('DELETE', `/devices/${id}`)).statusCode).toBe(204);
    expect((await user.call('GET', `/devices/${id}`)).statusCode).toBe(404);
  } finally {
    await api.close();
  }
  expect(api.logs()).not.toMatch(/"level":(50|60)/);
}

describe('a database that was used before', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase(4);
  });
  afterAll(() => database.close());

  test('each setting is pinned per connection', async () => {
    const { rows } = await database.pool.query<{ name: string }>(
      "SELECT name FROM pg_settings WHERE lower(name) = ANY($1) AND source = 'client'",
      [Object.keys(DEFAULTS).map((name) => name.toLowerCase())],
    );
    expect(rows.map(({ name }) => name.toLowerCase()).sort()).toEqual(
      Object.keys(DEFAULTS)
        .map((name) => name.toLowerCase())
        .sort(),
    );
  });

  test('also with the same settings in the URL’s options', async () => {
    const { pathname } = new URL(database.url.reveal());
    await setAll(pathname.slice(1), DEFAULTS);
    expect(await migrate(database.url.reveal())).toEqual({ migrations: [], functions: false });
    const url = new URL(database.url.reveal());
    url.searchParams.set('options', '-c datestyle=SQL -c role=none -c work_mem=8MB');
    const withOptions = {
      ...database,
      url: new Secret(url.href),
      ...openDatabase(new Secret(url.href), { role: null, connections: 4 }),
    };
    const asApi = openDatabase(new Secret(url.href), { role: 'cvault_api', connections: 1 });
    try {
      const { rows } = await asApi.pool.query(
        "SELECT current_user AS role, current_setting('work_mem') AS memory",
      );
      expect(rows).toEqual([{ role: 'cvault_api', memory: '8MB' }]);
      await useIt(withOptions);
    } finally {
      await asApi.close();
      await withOptions.pool.end();
    }
  });
});

test('a new database is migrated, whatever its defaults', async () => {
  const name = `cvault_${randomBytes(6).toString('hex')}`;
  await admin.query(`CREATE DATABASE ${name}`);
  try {
    await setAll(name, DEFAULTS);
    const url = urlOfDatabase(inject('postgresUrl'), name);
    const first = await migrate(url);
    expect(first.migrations.length).toBeGreaterThan(30);
    expect(first.functions).toBe(true);
    expect(await migrate(url)).toEqual({ migrations: [], functions: false });
  } finally {
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
  }
});
