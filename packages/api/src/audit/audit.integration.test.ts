/** The audit log as production writes, chains, shows and expires it, and as a superuser might tamper with it. */
import { newId } from '../platform/ids.ts';
import { PLATFORM_CHAIN } from './entry.ts';
import { createAuditService } from './service.ts';
import { describe, expect } from 'vitest';
import { signUp, type SignedInUser } from '../testing/whole-api.ts';
import { asTenant } from '../platform/db/tenancy.ts';
import { createAuditSealer } from './sealer.ts';
import { createAuditStore } from './store.ts';
import { strictItems } from '../testing/items.ts';
import { test as base } from '../testing/test-with-whole-api.ts';

let alice: SignedInUser;
let bob: SignedInUser;
let tenants = 0;

interface Entry {
  id: number;
  tenantId: string;
  act: string;
  result: string;
  reason: string | null;
  count: number;
  actor: { kind: string; id: string | null };
  target: { kind: string; id: string } | null;
  requestId: string | null;
  changed: string[];
  seal: { place: number; hash: string } | null;
}

const test = base
  .extend(
    'admin',
    ({ api }) =>
      <T>(url: string, method: 'GET' | 'POST' | 'PATCH' = 'GET', payload?: object) =>
        api.app
          .inject({
            method,
            url: `/api/v1/admin${url}`,
            headers: { authorization: `Bearer ${api.adminKey}` },
            ...(payload === undefined ? {} : { payload }),
          })
          .then((answer) => ({ status: answer.statusCode, body: answer.body, json: () => answer.json<T>() })),
  )
  .extend(
    'entriesOf',
    ({ admin }) =>
      async (tenantId: string) =>
        (await admin<{ entries: Entry[] }>(`/audit?limit=100&tenantId=${tenantId}`)).json().entries,
  )
  .extend(
    'sealer',
    ({ database }) =>
      () =>
        createAuditSealer(database.as('cvault_sealer')),
  )
  /** Until everything is sealed; other tests on this PostgreSQL have open transactions too. */
  .extend('sealAll', ({ database, sealer }) => async (): Promise<void> => {
    for (let attempt = 0; attempt < 200; attempt++) {
      await sealer().seal(strictItems());
      const { rowCount } = await database.pool.query('SELECT FROM audit_log WHERE hash IS NULL LIMIT 1');
      if (rowCount === 0) return;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error('it is never all sealed');
  })
  .extend(
    'broken',
    ({ database }) =>
      async (tenantId: string | null = null) =>
        (
          await createAuditService({ audit: createAuditStore(database.as('cvault_operator')) }).verify({
            tenantId,
          })
        )
          .map((report) => report.broken)
          .filter((each) => each !== null),
  )
  /** Acts as a superuser who disables the guards. */
  .extend('tamper', ({ database }) => async (sql: string, values: unknown[]): Promise<void> => {
    const client = await database.pool.connect();
    try {
      await client.query("BEGIN; SET LOCAL session_replication_role = 'replica'");
      await client.query(sql, values);
      await client.query('COMMIT');
    } finally {
      client.release();
    }
  })
  .extend(
    'read',
    ({ api }) =>
      (who: SignedInUser, path: string) =>
        api.app.inject({ method: 'GET', url: `/api/v1/tenant${path}`, headers: who.headers }),
  );

test.beforeEach(async ({ api }) => {
  alice = await signUp(api, `Alice’s ${++tenants}`);
  bob = await signUp(api, `Bob’s ${tenants}`);
});

describe('who did what', () => {
  test('is written in the same transaction: act, actor, request, and names but no values', async ({
    database,
    admin,
    entriesOf,
  }) => {
    const HOSTILE = '"phone",\\u2028';
    const registered = await alice.call('POST', '/devices', { deviceName: HOSTILE });
    expect(registered.statusCode).toBe(201);
    const { id } = registered.json<{ id: string }>();
    await alice.call('DELETE', `/devices/${id}`);
    await admin(`/tenants/${alice.tenantId}`, 'PATCH', { deviceLimit: 7, authRateLimit: 9_000 });
    const entries = await entriesOf(alice.tenantId);
    const { rows } = await database.pool.query<{ id: string }>(
      'SELECT id FROM tenant_users WHERE tenant_id = $1',
      [alice.tenantId],
    );
    const user = { kind: 'user', id: rows[0]!.id };
    expect(entries.slice(0, 3)).toMatchObject([
      {
        act: 'tenant.update',
        actor: { kind: 'admin', id: null },
        target: { kind: 'tenant', id: alice.tenantId },
        changed: ['auth_rate_limit', 'device_limit'],
      },
      { act: 'device.delete', actor: user, target: { kind: 'device', id } },
      {
        act: 'device.register',
        result: 'done',
        actor: user,
        target: { kind: 'device', id },
        requestId: registered.headers['x-request-id'],
      },
    ]);
    expect(entries.map((entry) => entry.act)).toEqual(
      expect.arrayContaining(['tenant.create', 'api_key.create', 'user.register']),
    );
    const text = (await admin(`/audit.jsonl?tenantId=${alice.tenantId}`)).body;
    expect(text).not.toContain('phone');
    expect(text).not.toContain('someone@example.com');
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as Entry).id),
    ).toEqual(entries.map((entry) => entry.id).reverse());
  });

  test('no column of an audited table is missing', async ({ database }) => {
    // Devices and sign-ins change constantly, so their triggers name the few relevant columns.
    const { rows } = await database.pool.query(
      `SELECT c.relname || '.' || a.attname AS "column"
       FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_attribute a ON a.attrelid = c.oid
       WHERE t.tgname = 'audit_update' AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
         AND a.attnum <> ALL (t.tgattr::int2[])
         AND a.attname <> ALL (string_to_array(encode(t.tgargs, 'escape'), '\\000'))
         AND c.relname NOT IN ('devices', 'sign_ins')`,
    );
    expect(rows).toEqual([]);
  });

  test('changes that were rolled back are absent', async ({ admin, entriesOf }) => {
    const before = (await entriesOf(alice.tenantId)).length;
    await admin(`/tenants/${alice.tenantId}`, 'PATCH', { deviceLimit: 0 });
    const refused = await alice.call('POST', '/devices', { deviceName: 'phone' });
    expect(refused.statusCode).toBe(409);
    const entries = await entriesOf(alice.tenantId);
    expect(entries.length).toBe(before + 1);
  });

  test('a manual change in the database appears under its login', async ({ database, entriesOf }) => {
    await database.pool.query('UPDATE tenants SET device_limit = 5 WHERE id = $1', [alice.tenantId]);
    expect((await entriesOf(alice.tenantId))[0]).toMatchObject({
      act: 'tenant.changed',
      actor: { kind: 'login', id: 'cvault' },
      changed: ['device_limit'],
    });
  });

  test('a hundred refused requests give one row with their number', async ({ entriesOf }) => {
    for (let n = 0; n < 20; n++) await alice.call('GET', `/devices/${newId()}`);
    const refusals = async () =>
      (await entriesOf(alice.tenantId)).filter((entry) => entry.result === 'refused');
    const told = async () => (await refusals()).reduce((sum, entry) => sum + entry.count, 0);
    await expect.poll(told).toBe(20);
    const found = await refusals();
    expect(found.length).toBeLessThan(20);
    expect(found[0]).toMatchObject({ reason: 'not_found', act: 'request.refused', actor: { kind: 'user' } });
  });
});

describe('a tenant', () => {
  test('reads only its own log, page by page', async ({ entriesOf, read }) => {
    const first = (await read(alice, '/audit?limit=2')).json<{ entries: Entry[]; nextCursor: string }>();
    const second = (await read(alice, `/audit?limit=100&cursor=${first.nextCursor}`)).json<{
      entries: Entry[];
      nextCursor: null;
    }>();
    const whole = [...first.entries, ...second.entries];
    expect(whole.map((entry) => entry.id)).toEqual(
      (await entriesOf(alice.tenantId)).map((entry) => entry.id),
    );
    expect(second.nextCursor).toBeNull();
    const lines = (await read(bob, '/audit.jsonl')).body.trimEnd().split('\n');
    expect(new Set(lines.map((line) => (JSON.parse(line) as Entry).tenantId))).toEqual(
      new Set([bob.tenantId]),
    );
  });

  test('cannot change, delete or seal a row', async ({ database }) => {
    const { pool } = database.as('cvault_api');
    for (const sql of [
      "UPDATE audit_log SET act = 'nothing'",
      'DELETE FROM audit_log',
      "UPDATE audit_log SET place = 1, hash = sha256('')",
      "INSERT INTO audit_log (tenant_id, act, actor_kind, place, hash) VALUES (current_tenant(), 'a', 'user', 1, sha256(''))",
      "INSERT INTO audit_log (tenant_id, act, actor_kind) VALUES (NULL, 'a', 'user')",
    ]) {
      await expect(
        asTenant(pool, alice.tenantId, (db) => db.query(sql)),
        sql,
      ).rejects.toMatchObject({ code: '42501' });
    }
  });
});

describe('the chain', () => {
  test('of every tenant and of the platform is intact, and even the tables’ owner cannot change a row', async ({
    database,
    admin,
    sealAll,
    broken,
  }) => {
    await sealAll();
    expect(await broken()).toEqual([]);
    const report = (
      await admin<{ intact: boolean; chains: { chain: string; rows: number }[] }>('/audit/verification')
    ).json();
    expect(report.intact).toBe(true);
    expect(report.chains.map(({ chain }) => chain)).toEqual(
      expect.arrayContaining([PLATFORM_CHAIN, alice.tenantId, bob.tenantId]),
    );
    for (const sql of [
      "UPDATE audit_log SET act = 'x'",
      'DELETE FROM audit_log',
      'TRUNCATE audit_log',
      'UPDATE audit_chains SET begins_place = place',
    ])
      await expect(database.pool.query(sql), sql).rejects.toMatchObject({ code: '42501' });
  });

  test.for([
    [
      'a changed row',
      "UPDATE audit_log SET actor_id = 'somebody-else' WHERE tenant_id = $1 AND place = 2",
      { place: 2, fault: 'changed' },
    ],
    [
      'a deleted row',
      'DELETE FROM audit_log WHERE tenant_id = $1 AND place = 2',
      { place: 2, fault: 'missing' },
    ],
    [
      'the last row deleted',
      'DELETE FROM audit_log WHERE tenant_id = $1 AND place = (SELECT max(place) FROM audit_log WHERE tenant_id = $1)',
      { fault: 'missing' },
    ],
    ['all rows deleted', 'DELETE FROM audit_log WHERE tenant_id = $1', { place: 1, fault: 'missing' }],
    [
      'an inserted row',
      "INSERT INTO audit_log (tenant_id, act, actor_kind, place, hash) SELECT $1, 'device.register', 'user', max(place) + 1, sha256('x') FROM audit_log WHERE tenant_id = $1",
      { fault: 'unknown' },
    ],
    [
      'two rows in each other’s place',
      'UPDATE audit_log l SET act = o.act, target_kind = o.target_kind, target_id = o.target_id, changed = o.changed FROM audit_log o WHERE l.tenant_id = $1 AND o.tenant_id = $1 AND (l.place, o.place) IN ((1, 2), (2, 1))',
      { place: 1, fault: 'changed' },
    ],
    ['a forgotten chain', 'DELETE FROM audit_chains WHERE chain = $1', { place: 1, fault: 'unknown' }],
  ] as const)(
    'shows %s, made by a superuser with the guards off',
    async ([, sql, fault], { sealAll, broken, tamper }) => {
      await sealAll();
      expect(await broken(alice.tenantId)).toEqual([]);
      await tamper(sql, [alice.tenantId]);
      expect(await broken(alice.tenantId)).toMatchObject([{ chain: alice.tenantId, ...fault }]);
      expect(await broken(bob.tenantId)).toEqual([]);
    },
  );

  test('has each row once after concurrent writes', async ({ database, admin, sealAll, broken }) => {
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        admin(`/tenants/${alice.tenantId}`, 'PATCH', { deviceLimit: 100 + n }),
      ),
    );
    await Promise.all([sealAll(), sealAll(), sealAll()]);
    expect(await broken(alice.tenantId)).toEqual([]);
    const { rows } = await database.pool.query<{ places: number; rows: number }>(
      'SELECT max(place) AS places, count(*) AS rows FROM audit_log WHERE tenant_id = $1',
      [alice.tenantId],
    );
    expect(rows[0]!.places).toBe(rows[0]!.rows);
  });

  test('can be verified after its beginning has expired', async ({
    database,
    sealer,
    sealAll,
    broken,
    tamper,
  }) => {
    await sealAll();
    await tamper("UPDATE audit_log SET at = at - interval '100 days' WHERE tenant_id = $1 AND place <= 2", [
      bob.tenantId,
    ]);
    await sealer().forget(90, strictItems());
    const { rows } = await database.pool.query<{ place: number }>(
      'SELECT min(place) AS place FROM audit_log WHERE tenant_id = $1',
      [bob.tenantId],
    );
    expect(rows[0]!.place).toBe(3);
    expect(await broken(bob.tenantId)).toEqual([]);
  });
});
