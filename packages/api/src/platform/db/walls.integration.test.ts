/** The database itself separates tenants, whatever a query forgets. */
import type { Owner } from '../../devices/ports.ts';
import { newId } from '../ids.ts';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import { aDevice, aServer, aTenantWithUser, anEpoch } from '../../testing/fixtures.ts';
import { createDeviceStore } from '../../devices/store.ts';
import { createUserStore } from '../../sign-in/store.ts';
import { createPeerStore } from '../../fleet/peer-store.ts';
import { createPlanStore } from '../../user-limits/store.ts';
import { ROLES } from './roles.ts';
import { createSessionStore } from '../../sessions/store.ts';
import { askAsTenant, asTenant } from './tenancy.ts';
import { createMeterStore } from '../../usage/meter-store.ts';

let database: TestDatabase;
let api: pg.Pool;
let alice: Owner;
let bob: Owner;
/** Tables with tenants' rows that `cvault_api` may read, and the column that names the tenant. */
let tenantTables: { table: string; column: string }[];

/** A tenant with a row in every table of tenants' rows. */
async function aTenantWithEverything(serverId: string): Promise<Owner> {
  const owner = await aTenantWithUser(database);
  const { tenantId, userId } = owner;
  const { pool } = database;
  // First, so that the following changes produce webhook events.
  await pool.query("INSERT INTO webhook_endpoints (id, tenant_id, url, secret) VALUES ($1, $2, 'x', '')", [
    newId(),
    tenantId,
  ]);
  const devices = createDeviceStore(database.as('cvault_api'), 0);
  const device = await devices.register(aDevice(owner, { serverId }));
  await createSessionStore(database.as('cvault_api')).open(owner, device.id);
  await createUserStore(database.as('cvault_api')).openSignIn(
    { id: newId(), refreshTokenHash: Buffer.from(newId().replaceAll('-', '')) },
    { ...owner, credentialsEpoch: 0 },
  );
  await createPlanStore(database.as('cvault_operator')).limitUser(tenantId, userId, {
    dataLimitBytes: 1_000,
  });
  await pool.query(
    `INSERT INTO webhook_attempts (tenant_id, endpoint_id, event_id, duration_ms)
     SELECT tenant_id, endpoint_id, event_id, 1 FROM webhook_deliveries WHERE tenant_id = $1`,
    [tenantId],
  );
  await pool.query(
    "INSERT INTO api_keys (id, tenant_id, name, mode, prefix, key_hash) VALUES ($1, $2, 'key', 'live', 'cv', $3)",
    [newId(), tenantId, Buffer.from(newId().replaceAll('-', ''))],
  );
  await pool.query(
    'INSERT INTO departures (tenant_id, device_id, server_id, generation, address) VALUES ($1, $2, $3, 2, $4)',
    [tenantId, device.id, serverId, device.assignedIp],
  );
  const bytes = () => Buffer.from(newId().replaceAll('-', ''));
  const providerId = newId();
  const rows: [string, unknown[]][] = [
    ['sign_in_tries (tenant_id, subject, spent_until) VALUES ($1, $2, now())', [bytes()]],
    [
      'signing_keys (tenant_id, id, public_key, private_key, signs_from) VALUES ($1, $2, $3, $3, now())',
      [newId(), bytes()],
    ],
    ['sign_in_settings (tenant_id) VALUES ($1)', []],
    [
      "user_links (tenant_id, token_hash, user_id, email, purpose, expires_at) VALUES ($1, $2, $3, 'x', 'invitation', now())",
      [bytes(), userId],
    ],
    [
      "sign_ups (tenant_id, id, mode, email, password_hash, expires_at) VALUES ($1, $2, 'live', 'x', 'x', now())",
      [newId()],
    ],
    ["mail_outbox (tenant_id, id, purpose, recipient) VALUES ($1, $2, 'invitation', $3)", [newId(), bytes()]],
    ['second_factors (tenant_id, user_id, secret) VALUES ($1, $2, $3)', [userId, bytes()]],
    ['recovery_codes (tenant_id, user_id, code_hash) VALUES ($1, $2, $3)', [userId, bytes()]],
    [
      'sign_in_challenges (tenant_id, user_id, token_hash, expires_at) VALUES ($1, $2, $3, now())',
      [userId, bytes()],
    ],
    [
      "identity_providers (tenant_id, id, name, issuer, audiences, algorithms) VALUES ($1, $2, 'x', 'x', '{x}', '{x}')",
      [providerId],
    ],
    [
      "user_identities (tenant_id, provider_id, user_id, subject) VALUES ($1, $2, $3, 'x')",
      [providerId, userId],
    ],
    [
      'used_id_tokens (tenant_id, provider_id, fingerprint, expires_at) VALUES ($1, $2, $3, now())',
      [providerId, bytes()],
    ],
  ];
  for (const [row, values] of rows) await pool.query(`INSERT INTO ${row}`, [tenantId, ...values]);
  await pool.query('INSERT INTO data_renewals (tenant_id, starts_at) VALUES ($1, now())', [tenantId]);
  await pool.query(
    `INSERT INTO idempotency_keys (claim_hash, tenant_id, fingerprint, intended_id, claimed_until)
     VALUES ($1, $2, '', $3, now())`,
    [Buffer.from(newId().replaceAll('-', '')), tenantId, newId()],
  );
  return owner;
}

beforeAll(async () => {
  database = await createTestDatabase();
  api = database.as('cvault_api').pool;
  const server = await aServer(database);
  const epoch = anEpoch();
  await createPeerStore(database.as('cvault_links'), 0).adoptEpoch(server.id, epoch);
  alice = await aTenantWithEverything(server.id);
  bob = await aTenantWithEverything(server.id);
  const meters = createMeterStore(database.as('cvault_metering'));
  const sample = { epoch, pass: 1, life: 'a'.repeat(32) };
  await meters.claimDue([server.id], 30);
  await meters.beginPass(server.id, sample);
  const { rows } = await database.pool.query<{ id: string }>('SELECT id FROM devices');
  await meters.store(
    server.id,
    sample,
    rows.map(({ id }) => ({
      deviceId: id,
      receivedBytes: 900,
      sentBytes: 90,
      handshake: 'live' as const,
      gone: false,
    })),
  );
  const tables = await database.pool.query<{ table: string; column: string }>(`
    SELECT c.relname AS table, CASE c.relname WHEN 'tenants' THEN 'id' ELSE 'tenant_id' END AS column
    FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
      AND (c.relname = 'tenants' OR EXISTS (
        SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped))
    ORDER BY 1`);
  tenantTables = tables.rows;
});
afterAll(() => database.close());

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (error as { code?: string }).code,
  );
const mayRead = async (table: string) =>
  (
    await database.pool.query<{ may: boolean }>(
      "SELECT has_any_column_privilege('cvault_api', $1::regclass, 'SELECT') AS may",
      [table],
    )
  ).rows[0]!.may;

describe('the schema', () => {
  test('every table of tenants’ rows has forced row-level security and a policy', async () => {
    expect(tenantTables.length).toBeGreaterThan(15);
    const { rows } = await database.pool.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_class c WHERE c.oid = ANY ($1::regclass[])
         AND NOT (c.relrowsecurity AND c.relforcerowsecurity
           AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant'))`,
      [tenantTables.map(({ table }) => table)],
    );
    expect(rows).toEqual([]);
  });

  test('no role is a superuser, bypasses row-level security, logs in, makes roles, is a member of another or owns anything', async () => {
    const { rows } = await database.pool.query(
      `SELECT rolname FROM pg_roles r WHERE rolname LIKE 'cvault\\_%' AND (
         rolsuper OR rolbypassrls OR rolcanlogin OR rolcreaterole OR rolcreatedb OR rolreplication
         OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid)
         OR EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid)
         OR EXISTS (SELECT FROM pg_proc p WHERE p.proowner = r.oid))
       AND rolname = ANY ($1)`,
      [ROLES],
    );
    expect(rows).toEqual([]);
  });

  test('foreign keys between tenants’ rows include the tenant', async () => {
    const { rows } = await database.pool.query(`
      SELECT conrelid::regclass AS table, conname FROM pg_constraint k
      WHERE contype = 'f'
        AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = k.conrelid AND attname = 'tenant_id')
        AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = k.confrelid AND attname = 'tenant_id')
        AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attname = 'tenant_id' AND a.attnum = ANY (k.conkey))`);
    expect(rows).toEqual([]);
  });

  test('each role has exactly the grants in grants.txt', async () => {
    const { rows } = await database.pool.query<{ line: string }>(
      `WITH granted AS (
         SELECT a.grantee::regrole::text AS role, c.relname AS name, NULL AS column, a.privilege_type AS privilege
         FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) AS a
         WHERE c.relnamespace = 'public'::regnamespace
         UNION ALL
         SELECT a.grantee::regrole::text, c.relname, t.attname, a.privilege_type
         FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid CROSS JOIN LATERAL aclexplode(t.attacl) AS a
         WHERE c.relnamespace = 'public'::regnamespace
         UNION ALL
         SELECT a.grantee::regrole::text, p.proname || '()', NULL, a.privilege_type
         FROM pg_proc p CROSS JOIN LATERAL aclexplode(p.proacl) AS a
         WHERE p.pronamespace = 'public'::regnamespace
       ), described AS (
         SELECT role, name, privilege || coalesce('(' || string_agg("column", ' ' ORDER BY "column") || ')', '') AS privilege
         FROM granted WHERE role LIKE 'cvault\\_%' OR role = '-' GROUP BY role, name, privilege
       )
       SELECT role || ': ' || name || ' ' || string_agg(privilege, ', ' ORDER BY privilege) AS line
       FROM described GROUP BY role, name ORDER BY role, name`,
    );
    // Review every change: this file is the most that each part of the control plane can do.
    await expect(rows.map(({ line }) => line + '\n').join('')).toMatchFileSnapshot('grants.txt');
  });
});

describe('without a tenant', () => {
  test('a request sees nothing in any table of tenants', async () => {
    for (const { table } of tenantTables) {
      if (!(await mayRead(table))) continue;
      expect((await api.query(`SELECT FROM ${table}`)).rowCount, table).toBe(0);
    }
  });

  test('a request writes into none of them', async () => {
    const { tenantId, userId } = alice;
    const inserts: [string, unknown[]][] = [
      [
        "INSERT INTO tenant_users (id, tenant_id, email, password_hash) VALUES ($1, $2, 'x@example.com', '')",
        [newId(), tenantId],
      ],
      [
        'INSERT INTO sign_ins (id, tenant_id, user_id, expires_at) VALUES ($1, $2, $3, now())',
        [newId(), tenantId, userId],
      ],
      [
        'INSERT INTO public_keys (key_hash, tenant_id) VALUES (sha256($1::text::bytea), $2)',
        [newId(), tenantId],
      ],
      [
        'INSERT INTO outbox (tenant_id, server_id, device_id, generation) SELECT $1, gen_random_uuid(), gen_random_uuid(), 1',
        [tenantId],
      ],
    ];
    for (const [sql, values] of inserts) expect(await codeOf(api.query(sql, values)), sql).toBe('42501');
  });

  test('a setting left over from a transaction has no effect', async () => {
    const client = await api.connect();
    try {
      await client.query("BEGIN; SELECT set_config('cvault.tenant', '" + alice.tenantId + "', true)");
      expect((await client.query('SELECT FROM devices')).rowCount).toBe(1);
      await client.query('COMMIT');
      expect((await client.query('SELECT FROM devices')).rowCount).toBe(0);
    } finally {
      client.release();
    }
  });
});

describe('as one tenant', () => {
  test('every table shows its own rows and no others', async () => {
    const seen: Record<string, unknown> = {};
    const expected: Record<string, unknown> = {};
    for (const { table, column } of tenantTables) {
      if (!(await mayRead(table))) continue;
      const { rows } = await asTenant(api, alice.tenantId, (db) =>
        db.query<{ tenant: string | null }>(`SELECT DISTINCT ${column} AS tenant FROM ${table}`),
      );
      seen[table] = rows.map(({ tenant }) => tenant).filter((tenant) => tenant !== null);
      expected[table] = [alice.tenantId];
    }
    expect(seen).toEqual(expected);
  });

  test('another’s rows cannot be changed, whatever the condition', async () => {
    for (const sql of [
      "UPDATE devices SET name = 'mine' WHERE tenant_id = $1",
      "UPDATE tenant_users SET password_hash = '' WHERE tenant_id = $1",
      'UPDATE tenants SET device_count = 0 WHERE id = $1',
      'UPDATE sign_ins SET revoked_at = now() WHERE tenant_id = $1',
      "UPDATE sessions SET state = 'CLOSED', closed_at = now(), closed_reason = 'revoked' WHERE tenant_id = $1",
      "UPDATE ip_pool SET state = 'draining' WHERE tenant_id = $1",
    ]) {
      const { rowCount } = await asTenant(api, alice.tenantId, (db) => db.query(sql, [bob.tenantId]));
      expect(rowCount, sql).toBe(0);
    }
  });

  test('rows can be neither created for another nor moved to it', async () => {
    const as = (sql: string, values: unknown[]) =>
      codeOf(asTenant(api, alice.tenantId, (db) => db.query(sql, values)));
    expect(
      await as(
        "INSERT INTO tenant_users (id, tenant_id, email, password_hash) VALUES ($1, $2, 'x@example.com', '')",
        [newId(), bob.tenantId],
      ),
    ).toBe('42501');
    expect(await as('UPDATE devices SET tenant_id = $1', [bob.tenantId])).toBe('42501');
    expect(
      await as("UPDATE ip_pool SET tenant_id = $1, device_id = $2, state = 'held' WHERE state = 'free'", [
        bob.tenantId,
        newId(),
      ]),
    ).toBe('42501');
  });

  test('a VPN server can be locked but not changed, and its connection details cannot be read', async () => {
    expect((await api.query('SELECT id FROM servers FOR KEY SHARE')).rowCount).toBe(1);
    expect(await codeOf(api.query('UPDATE servers SET weight = 0'))).toBe('42501');
    expect(await codeOf(api.query('SELECT ssh_private_key FROM servers'))).toBe('42501');
  });

  test('the tenant’s plan cannot be changed', async () => {
    for (const column of ['device_limit', 'data_limit_bytes', 'tenant_rate_limit', 'state']) {
      const sql = `UPDATE tenants SET ${column} = ${column} WHERE id = $1`;
      expect(await codeOf(asTenant(api, alice.tenantId, (db) => db.query(sql, [alice.tenantId]))), sql).toBe(
        '42501',
      );
    }
  });

  test('an invalid tenant id begins no transaction', async () => {
    const hostile = "x'; RESET ROLE; --";
    await expect(asTenant(api, hostile, () => Promise.resolve())).rejects.toThrow('no id');
    await expect(askAsTenant(api, hostile, 'SELECT 1')).rejects.toThrow('no id');
  });
});

test('the operator can neither read nor write tenants’ stored answers', async () => {
  const operator = database.as('cvault_operator').pool;
  expect((await operator.query('SELECT FROM idempotency_keys')).rowCount).toBe(0);
  const insert = `INSERT INTO idempotency_keys (claim_hash, tenant_id, fingerprint, intended_id, claimed_until)
    VALUES (sha256($1::text::bytea), $2, '', gen_random_uuid(), now())`;
  expect(await codeOf(operator.query(insert, [newId(), alice.tenantId]))).toBe('42501');
  expect(await codeOf(operator.query(insert, [newId(), null]))).toBe('done');
});

test('a row that refers to another tenant’s is refused even for the owner of the tables', async () => {
  const { rows } = await database.pool.query<{ id: string }>('SELECT id FROM devices WHERE tenant_id = $1', [
    alice.tenantId,
  ]);
  const deviceId = rows[0]!.id;
  const refused: [string, string][] = [
    [
      `UPDATE devices SET user_id = '${bob.userId}' WHERE id = '${deviceId}'`,
      'devices_tenant_id_user_id_fkey',
    ],
    [
      `UPDATE sessions SET user_id = '${bob.userId}' WHERE device_id = '${deviceId}'`,
      'sessions_tenant_id_user_id_fkey',
    ],
    [
      `UPDATE usage_metrics SET user_id = '${bob.userId}' WHERE device_id = '${deviceId}'`,
      'usage_metrics_tenant_id_user_id_fkey',
    ],
    [
      `UPDATE meter_readings SET user_id = '${bob.userId}' WHERE device_id = '${deviceId}'`,
      'meter_readings_tenant_id_user_id_fkey',
    ],
    [
      `UPDATE plan_changes SET user_id = '${bob.userId}' WHERE tenant_id = '${alice.tenantId}'`,
      'plan_changes_tenant_id_user_id_fkey',
    ],
    [
      `UPDATE ip_pool SET tenant_id = '${bob.tenantId}' WHERE device_id = '${deviceId}'`,
      'ip_pool_tenant_id_device_id_fkey',
    ],
  ];
  for (const [sql, constraint] of refused) {
    await expect(database.pool.query(sql), sql).rejects.toMatchObject({ code: '23503', constraint });
  }
});
