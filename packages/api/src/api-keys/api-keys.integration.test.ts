import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_KEY, aTenantWithKey, createTestApp, type TestApp } from '../testing/app.ts';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { createKeyUses } from './key-uses.ts';

let database: TestDatabase;
let running: TestApp;
let behindProxy: TestApp;

beforeAll(async () => {
  database = await createTestDatabase(10);
  running = await createTestApp(database);
  behindProxy = await createTestApp(database, { trustProxy: ['10.0.0.1'] });
});
afterAll(async () => {
  await running.close();
  await behindProxy.close();
  await database.close();
});

interface Key {
  id: string;
  key: string;
  mode: string;
  scopes: string[] | null;
  expiresAt: string | null;
  lastUsedAt: string | null;
}

const OWN = '/api/v1/tenant/api-keys';

function as(apiKey: string, { app }: { app: FastifyInstance } = running, from: object = {}) {
  const send = (method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) =>
    app.inject({
      method,
      url,
      headers: { 'x-api-key': apiKey },
      ...(payload === undefined ? {} : { payload }),
      ...from,
    });
  return {
    send,
    async make(input: object): Promise<Key> {
      const answer = await send('POST', OWN, { name: 'made', scopes: ['keys:read', 'keys:write'], ...input });
      expect(answer.statusCode, answer.body).toBe(201);
      return answer.json();
    },
    /** The status of a call that needs only keys:read. */
    opens: async () => (await send('GET', OWN)).statusCode,
  };
}

async function aTenant() {
  const { tenantId, apiKey } = await aTenantWithKey(database);
  return { tenantId, apiKey, ...as(apiKey) };
}

describe('scopes', () => {
  test('a key opens the routes of its scopes, and 403 names the missing scope', async () => {
    const { make } = await aTenant();
    const key = as((await make({ scopes: ['keys:read'] })).key);
    expect(await key.opens()).toBe(200);
    const refused = await key.send('POST', OWN, { name: 'x', scopes: ['keys:read'] });
    expect(refused.statusCode).toBe(403);
    expect(refused.json()).toMatchObject({
      code: 'insufficient_scope',
      detail: expect.stringContaining('keys:write') as string,
    });
    const signIn = { email: 'a@example.com', password: 'correct horse battery' };
    expect((await key.send('POST', '/api/v1/auth/login', signIn)).json()).toMatchObject({
      code: 'insufficient_scope',
      detail: expect.stringContaining('app') as string,
    });
  });

  test('a key older than scopes has all of them', async () => {
    const { send, opens } = await aTenant();
    expect(await opens()).toBe(200);
    expect((await send('GET', OWN)).json<{ apiKeys: Key[] }>().apiKeys[0]?.scopes).toBeNull();
  });

  test('a key cannot grant more than it has, by creating or by rotating a key', async () => {
    const { make, send } = await aTenant();
    const all = await make({ scopes: ['users:read', 'users:write', 'keys:write'] });
    const weak = as((await make({ scopes: ['keys:write', 'keys:read'] })).key);
    const before = (await send('GET', OWN)).body;
    for (const answer of [
      await weak.send('POST', OWN, { name: 'x', scopes: ['keys:write', 'users:read'] }),
      await weak.send('POST', `${OWN}/${all.id}/rotate`, {}),
    ]) {
      expect(answer.statusCode).toBe(403);
      expect(answer.json()).toMatchObject({ code: 'insufficient_scope' });
    }
    expect((await send('GET', OWN)).body).toBe(before);
    const named = await send('POST', OWN, { name: 'without scopes' });
    expect(named.statusCode).toBe(400);
  });

  test('a test key sees and creates test keys only', async () => {
    const { make, apiKey, send } = await aTenant();
    const test_ = await make({ mode: 'test' });
    expect(test_.key).toMatch(/^cv_test_/);
    const tester = as(test_.key);
    const seen = (await tester.send('GET', OWN)).json<{ apiKeys: Key[] }>().apiKeys;
    expect(seen.map(({ id }) => id)).toEqual([test_.id]);
    expect((await tester.send('POST', OWN, { name: 'x', scopes: ['keys:read'] })).statusCode).toBe(403);
    const live = (await send('GET', OWN))
      .json<{ apiKeys: Key[] }>()
      .apiKeys.find(({ mode }) => mode === 'live')!;
    expect((await tester.send('GET', `${OWN}/${live.id}`)).statusCode).toBe(404);
    expect((await tester.send('DELETE', `${OWN}/${live.id}`)).statusCode).toBe(404);
    expect((await tester.send('POST', `${OWN}/${live.id}/rotate`, {})).statusCode).toBe(404);
    expect(await as(apiKey).opens()).toBe(200);
  });
});

describe('an end', () => {
  test('a revoked or expired key stops working with the next request on every replica', async () => {
    const { make, send } = await aTenant();
    const [revoked, expired] = [await make({}), await make({ expiresAt: '2099-01-01T00:00:00Z' })];
    for (const { key } of [revoked, expired]) expect(await as(key, behindProxy).opens()).toBe(200);
    expect((await send('DELETE', `${OWN}/${revoked.id}`)).statusCode).toBe(204);
    await database.pool.query(
      'UPDATE api_keys SET expires_at = now() - make_interval(secs => 1) WHERE id = $1',
      [expired.id],
    );
    for (const { key } of [revoked, expired]) {
      expect(await as(key).opens()).toBe(401);
      expect(await as(key, behindProxy).opens()).toBe(401);
    }
    const past = await send('POST', OWN, { name: 'x', scopes: ['app'], expiresAt: '2001-01-01T00:00:00Z' });
    expect(past.statusCode).toBe(400);
  });

  test('rotating a key under load fails no call: the old key works during the overlap, then ends', async () => {
    const { make, send } = await aTenant();
    const old = await make({ scopes: ['keys:read'], expiresAt: '2099-01-01T00:00:00Z' });
    const calls = Array.from({ length: 20 }, () => as(old.key).opens());
    const changed = await send('POST', `${OWN}/${old.id}/rotate`, { overlapSeconds: 600 });
    const made = changed.json<Key>();
    calls.push(...Array.from({ length: 20 }, () => as(old.key).opens()));
    calls.push(...Array.from({ length: 20 }, () => as(made.key).opens()));
    expect(new Set(await Promise.all(calls))).toEqual(new Set([200]));
    expect(made).toMatchObject({ scopes: ['keys:read'], mode: 'live' });
    expect(made.expiresAt).not.toBeNull();
    const { expiresAt } = (await send('GET', `${OWN}/${old.id}`)).json<Key>();
    expect(Date.parse(expiresAt!) - Date.now()).toBeLessThanOrEqual(600_000);
    const atOnce = (await send('POST', `${OWN}/${made.id}/rotate`, { overlapSeconds: 0 })).json<Key>();
    expect(await as(made.key).opens()).toBe(401);
    expect(await as(atOnce.key).opens()).toBe(200);
    expect((await send('POST', `${OWN}/${made.id}/rotate`, {})).json()).toMatchObject({
      code: 'state_conflict',
    });
  });
});

describe('a key that a key has made', () => {
  const RANGE = '198.51.100.0/24';
  const EXPIRES = '2098-01-01T00:00:00.000Z';
  const inside = (key: string) =>
    as(key, running, { remoteAddress: '198.51.100.7', headers: { 'x-api-key': key } });
  const code = async (answer: ReturnType<ReturnType<typeof as>['send']>) =>
    (await answer).json<{ code: string }>().code;

  test('has at most the addresses and the lifetime of its parent', async () => {
    const { make } = await aTenant();
    const parent = inside(
      (await make({ allowedSources: [RANGE, '2001:db8:5::/48'], expiresAt: EXPIRES })).key,
    );
    expect(await parent.make({})).toMatchObject({
      allowedSources: ['198.51.100.0/24', '2001:db8:5::/48'],
      expiresAt: EXPIRES,
    });
    const less = {
      allowedSources: ['198.51.100.128/25', '198.51.100.9'],
      expiresAt: '2097-01-01T00:00:00.000Z',
    };
    expect(await parent.make(less)).toMatchObject({
      ...less,
      allowedSources: ['198.51.100.128/25', '198.51.100.9/32'],
    });
    for (const more of [
      { allowedSources: [] },
      { allowedSources: ['198.51.100.0/23'] },
      { allowedSources: ['198.51.101.1'] },
      { allowedSources: ['198.51.100.1', '::/0'] },
      { expiresAt: null },
      { expiresAt: '2098-01-01T00:00:00.001Z' },
      { expiresAt: '2098-01-01T01:00:00+00:59' },
    ]) {
      const answer = await parent.send('POST', OWN, { name: 'x', scopes: ['keys:read'], ...more });
      expect([answer.statusCode, answer.json<{ code: string }>().code], JSON.stringify(more)).toEqual([
        403,
        'insufficient_scope',
      ]);
    }
  });

  test('does not outlive its parent by a rotation', async () => {
    const { make } = await aTenant();
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    const parent = as((await make({ expiresAt: soon })).key);
    const child = await parent.make({});
    // Backdated, to give it a long lifetime.
    await database.pool.query("UPDATE api_keys SET created_at = now() - interval '1 year' WHERE id = $1", [
      child.id,
    ]);
    const changed = await parent.send('POST', `${OWN}/${child.id}/rotate`, {});
    expect(changed.json<Key>().expiresAt).toBe(soon);
    const self = await as(child.key).send('POST', `${OWN}/${changed.json<Key>().id}/rotate`, {});
    expect(Date.parse(self.json<Key>().expiresAt!)).toBeLessThanOrEqual(Date.parse(soon));
  });

  test('cannot revoke or rotate keys that it could not grant', async () => {
    const { make, send, opens } = await aTenant();
    const bound = inside((await make({ allowedSources: [RANGE], expiresAt: EXPIRES })).key);
    for (const stronger of [
      await make({ scopes: ['keys:read', 'users:write'], allowedSources: [RANGE], expiresAt: EXPIRES }),
      await make({ expiresAt: EXPIRES }),
      await make({ allowedSources: [RANGE] }),
      (await send('GET', OWN)).json<{ apiKeys: Key[] }>().apiKeys[0]!,
    ]) {
      expect(await code(bound.send('DELETE', `${OWN}/${stronger.id}`))).toBe('insufficient_scope');
      expect(await code(bound.send('POST', `${OWN}/${stronger.id}/rotate`, {}))).toBe('insufficient_scope');
    }
    expect(await opens()).toBe(200);
    const equal = await make({ allowedSources: [RANGE], expiresAt: EXPIRES });
    expect((await bound.send('DELETE', `${OWN}/${equal.id}`)).statusCode).toBe(204);
  });

  test('ends with its parent, and the answer lists it', async () => {
    const { make, send } = await aTenant();
    const parent = await make({});
    const child = await as(parent.key).make({});
    const grandchild = await as(child.key).make({});
    const tester = await as(parent.key).make({ mode: 'test' });
    const other = await make({});
    const revoked = await send('DELETE', `${OWN}/${parent.id}`);
    expect(revoked.statusCode).toBe(200);
    const told = revoked.json<{ revoked: Key[]; kept: Key[] }>();
    expect(told.revoked.map(({ id }) => id).sort()).toEqual([child.id, grandchild.id, tester.id].sort());
    expect(told.kept).toEqual([]);
    for (const { key } of [parent, child, grandchild, tester]) expect(await as(key).opens()).toBe(401);
    expect(await as(other.key).opens()).toBe(200);
    expect((await send('GET', `${OWN}/${grandchild.id}`)).json()).toMatchObject({ parentId: child.id });
  });

  test('is kept on request, and can be revoked later', async () => {
    const { make, send } = await aTenant();
    const parent = await make({});
    const child = await as(parent.key).make({});
    const kept = await send('DELETE', `${OWN}/${parent.id}?children=keep`);
    expect(kept.json()).toMatchObject({ revoked: [], kept: [{ id: child.id }] });
    expect(await as(child.key).opens()).toBe(200);
    expect((await send('DELETE', `${OWN}/${parent.id}?children=all`)).statusCode).toBe(400);
    expect((await send('DELETE', `${OWN}/${parent.id}`)).json()).toMatchObject({
      revoked: [{ id: child.id }],
    });
    expect(await as(child.key).opens()).toBe(401);
    expect((await send('DELETE', `${OWN}/${child.id}`)).statusCode).toBe(204);
  });

  test('follows its parent’s successor; a successor is listed, and belongs to the key that rotated, unless that is the replaced one', async () => {
    const { make, send } = await aTenant();
    const parent = await make({});
    const child = await as(parent.key).make({});
    const successor = (await as(parent.key).send('POST', `${OWN}/${parent.id}/rotate`, {})).json<Key>();
    const told = (await send('DELETE', `${OWN}/${parent.id}`)).json<{ revoked: Key[]; kept: Key[] }>();
    expect([told.revoked, told.kept.map(({ id }) => id)]).toEqual([[], [successor.id]]);
    expect(await as(child.key).opens()).toBe(200);

    // Otherwise the holder of a key could outlive its revocation with a copy of another key.
    const [thief, victim] = [await make({}), await make({})];
    const stolen = (await as(thief.key).send('POST', `${OWN}/${victim.id}/rotate`, {})).json<Key>();
    expect((await send('DELETE', `${OWN}/${thief.id}`)).json()).toMatchObject({
      revoked: [{ id: stolen.id }],
    });
    expect(await as(stolen.key).opens()).toBe(401);
    expect((await send('DELETE', `${OWN}/${successor.id}`)).json()).toMatchObject({
      revoked: [{ id: child.id }],
    });
  });

  test('is not missed by a concurrent revocation', async () => {
    const { make, send } = await aTenant();
    for (let round = 0; round < 5; round++) {
      const parent = await make({});
      const answers = await Promise.all([
        ...Array.from({ length: 4 }, () =>
          as(parent.key).send('POST', OWN, { name: 'x', scopes: ['keys:read'] }),
        ),
        send('DELETE', `${OWN}/${parent.id}`),
      ]);
      const made = answers.slice(0, 4).filter(({ statusCode }) => statusCode === 201);
      for (const answer of made) expect(await as(answer.json<Key>().key).opens()).toBe(401);
    }
  });
});

describe('addresses that a key is allowed from', () => {
  test('all other addresses are refused, even if a stranger claims an allowed one', async () => {
    const { make } = await aTenant();
    const { key } = await make({ allowedSources: ['198.51.100.0/24', '2001:db8:5::/48', '203.0.113.9'] });
    const from = (remoteAddress: string, claimed?: string, app = running) =>
      as(key, app, {
        remoteAddress,
        headers: { 'x-api-key': key, ...(claimed === undefined ? {} : { 'x-forwarded-for': claimed }) },
      }).opens();
    for (const allowed of ['198.51.100.7', '::ffff:198.51.100.7', '2001:db8:5::1', '203.0.113.9'])
      expect(await from(allowed), allowed).toBe(200);
    for (const other of ['198.51.101.7', '2001:db8:6::1', '203.0.113.8', '::1', '10.0.0.1'])
      expect(await from(other), other).toBe(403);
    // Only a trusted proxy is believed, and only the entry that it added itself.
    expect(await from('192.0.2.1', '198.51.100.7')).toBe(403);
    expect(await from('10.0.0.1', '198.51.100.7', behindProxy)).toBe(200);
    expect(await from('10.0.0.1', '198.51.100.7, 192.0.2.1', behindProxy)).toBe(403);
    expect(await from('10.0.0.2', '198.51.100.7', behindProxy)).toBe(403);
  });

  test.each([['010.0.0.1'], ['10.0.0.1/8'], ['0.0.0.0/33'], ['x'], ['::1%eth0'], ['']])(
    '%j is refused',
    async (source) => {
      const { send } = await aTenant();
      const answer = await send('POST', OWN, { name: 'x', scopes: ['app'], allowedSources: [source] });
      expect(answer.statusCode).toBe(400);
    },
  );
});

test('the last use is written at most once a minute, and not by the request', async () => {
  const { make, send } = await aTenant();
  const { id } = await make({});
  const lastUse = async () => (await send('GET', `${OWN}/${id}`)).json<Key>().lastUsedAt;
  const uses = createKeyUses(database);
  uses.saw(id);
  expect(await lastUse()).toBeNull();
  await uses.write();
  const first = await lastUse();
  expect(first).not.toBeNull();
  uses.saw(id);
  await uses.write();
  expect(await lastUse()).toBe(first);
  await database.pool.query("UPDATE api_keys SET last_used_at = now() - interval '2 minutes' WHERE id = $1", [
    id,
  ]);
  uses.saw(id);
  await uses.write();
  expect(Date.parse((await lastUse())!)).toBeGreaterThan(Date.parse(first!) - 1);
});

test('a tenant’s number of keys is limited, even for concurrent requests', async () => {
  const { tenantId, send } = await aTenant();
  await database.pool.query(
    `INSERT INTO api_keys (id, tenant_id, name, mode, prefix, key_hash)
     SELECT gen_random_uuid(), $1, 'x', 'live', 'x', sha256(gen_random_uuid()::text::bytea) FROM generate_series(1, 94)`,
    [tenantId],
  );
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => send('POST', OWN, { name: 'x', scopes: ['app'] })),
  );
  expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([
    ...Array<number>(5).fill(201),
    ...Array<number>(5).fill(409),
  ]);
  const admin = { authorization: `Bearer ${ADMIN_KEY}` };
  const url = `/api/v1/admin/tenants/${tenantId}/api-keys`;
  const listed = (await running.app.inject({ url, headers: admin })).json<{ apiKeys: Key[] }>().apiKeys;
  expect(listed).toHaveLength(100);
});
