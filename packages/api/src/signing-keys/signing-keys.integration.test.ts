import { createPublicKey, randomUUID } from 'node:crypto';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { expect } from 'vitest';
import { createSigningKeyStore } from './store.ts';
import { aTenantWithKey, ADMIN_KEY, createTestApp } from '../testing/app.ts';
import { test as base } from '../testing/test-with-app.ts';

const PUBLIC_URL = 'https://vpn.acme.dev';

const test = base
  .extend('options', { scope: 'file' }, { publicUrl: PUBLIC_URL })
  .extend(
    'published',
    ({ api }) =>
      (tenantId: string) =>
        api.app.inject(`/api/v1/tenants/${tenantId}/jwks.json`),
  )
  .extend(
    'kids',
    ({ published }) =>
      async (tenantId: string) =>
        (await published(tenantId)).json<JSONWebKeySet>().keys.map((key) => key.kid),
  )
  .extend('signedUp', ({ api }) => async (apiKey: string): Promise<string> => {
    const answer = await api.app.inject({
      method: 'POST',
      url: '/api/v1/auth/register',
      headers: { 'x-api-key': apiKey },
      payload: { email: `${randomUUID()}@example.com`, password: 'correct horse battery staple' },
    });
    return answer.json<{ accessToken: string }>().accessToken;
  })
  .extend(
    'me',
    ({ api }) =>
      (apiKey: string, accessToken: string) =>
        api.app.inject({
          url: '/api/v1/me',
          headers: { 'x-api-key': apiKey, authorization: `Bearer ${accessToken}` },
        }),
  )
  .extend(
    'rotate',
    ({ api }) =>
      (tenantId: string, payload: object) =>
        api.app.inject({
          method: 'POST',
          url: `/api/v1/admin/tenants/${tenantId}/signing-keys`,
          headers: { authorization: `Bearer ${ADMIN_KEY}` },
          payload,
        }),
  );

test('the published keys verify the tokens of the tenant’s users and no others', async ({
  database,
  published,
  signedUp,
}) => {
  const [mine, other] = [await aTenantWithKey(database), await aTenantWithKey(database)];
  const token = await signedUp(mine.apiKey);
  const foreign = await signedUp(other.apiKey);
  const answer = await published(mine.tenantId);
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['cache-control']).toBe('public, max-age=300');
  const keySet = createLocalJWKSet(answer.json<JSONWebKeySet>());
  const expected = {
    issuer: `${PUBLIC_URL}/api/v1/tenants/${mine.tenantId}`,
    audience: mine.tenantId,
    typ: 'at+jwt',
  };
  await expect(jwtVerify(token, keySet, expected)).resolves.toBeDefined();
  await expect(jwtVerify(foreign, keySet, expected)).rejects.toThrow();
  await expect(jwtVerify(foreign, keySet)).rejects.toThrow();
});

test('only public parts are published', async ({ database, published, signedUp }) => {
  const { tenantId, apiKey } = await aTenantWithKey(database);
  await signedUp(apiKey);
  const { keys } = (await published(tenantId)).json<JSONWebKeySet>();
  expect(keys.map((key) => Object.keys(key).sort())).toEqual([['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']]);
  const { rows } = await database.pool.query<{ private_key: Buffer }>('SELECT private_key FROM signing_keys');
  for (const { private_key } of rows) {
    expect(() => createPublicKey({ key: private_key, format: 'der', type: 'spki' })).toThrow();
    expect(private_key.length).toBeGreaterThan(100);
  }
});

test('an unknown tenant has no keys, and asking creates none', async ({ database, published, kids }) => {
  expect((await published(randomUUID())).statusCode).toBe(404);
  const { tenantId } = await aTenantWithKey(database);
  expect(await kids(tenantId)).toEqual([]);
  expect(await kids(tenantId)).toEqual([]);
});

test('the first 20 concurrent tokens on two replicas create one key', async ({
  database,
  api,
  kids,
  signedUp,
  me,
}) => {
  const { tenantId, apiKey } = await aTenantWithKey(database);
  const replica = await createTestApp(database, { masterKey: api.masterKey });
  const signIns = Array.from({ length: 20 }, (_, index) =>
    (index % 2 === 0 ? api : replica).signingKeys.signing(tenantId),
  );
  const ids = new Set((await Promise.all(signIns)).map(({ id }) => id));
  expect([...ids]).toEqual(await kids(tenantId));
  await replica.close();
  expect((await me(apiKey, await signedUp(apiKey))).statusCode).toBe(200);
});

test('a rotation publishes the new key at once and keeps the old one; a revocation ends its tokens', async ({
  database,
  api,
  kids,
  signedUp,
  me,
  rotate,
}) => {
  const { tenantId, apiKey } = await aTenantWithKey(database);
  const token = await signedUp(apiKey);
  const [first] = await kids(tenantId);
  expect((await rotate(tenantId, {})).statusCode).toBe(204);
  expect(await kids(tenantId)).toEqual([first, expect.any(String)]);
  expect((await api.signingKeys.signing(tenantId)).id).toBe(first);
  expect((await me(apiKey, token)).statusCode).toBe(200);

  expect((await rotate(tenantId, { revokeOthers: true })).statusCode).toBe(204);
  expect(await kids(tenantId)).toHaveLength(1);
  expect(await kids(tenantId)).not.toContain(first);
  expect((await me(apiKey, token)).json()).toMatchObject({ code: 'invalid_token' });
  expect((await me(apiKey, await signedUp(apiKey))).statusCode).toBe(200);
  expect((await rotate(randomUUID(), {})).statusCode).toBe(404);
});

test('keys are replaced after 30 days, once over all replicas, and deleted when their tokens have expired', async ({
  database,
  api,
  kids,
  signedUp,
}) => {
  const { tenantId, apiKey } = await aTenantWithKey(database);
  await signedUp(apiKey);
  const [first] = await kids(tenantId);
  const renew = () => Promise.all(Array.from({ length: 4 }, () => api.periodic.renewSigningKeys()));
  const count = async () => (await createSigningKeyStore(database).list(tenantId))?.map(({ id }) => id) ?? [];
  const age = (days: number) =>
    database.pool.query(
      `UPDATE signing_keys SET created_at = created_at - $2 * interval '1 day',
         signs_from = signs_from - $2 * interval '1 day' WHERE tenant_id = $1`,
      [tenantId, days],
    );
  await renew();
  expect(await count()).toEqual([first]);
  await age(31);
  await renew();
  expect(await count()).toEqual([first, expect.any(String)]);
  // The successor has been signing for 21 minutes, so the old key's tokens have expired.
  await database.pool.query(
    `UPDATE signing_keys SET signs_from = now() - interval '21 minutes' WHERE tenant_id = $1 AND id <> $2`,
    [tenantId, first],
  );
  await renew();
  expect(await count()).toHaveLength(1);
  expect(await count()).not.toContain(first);
});
