import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { aTenantWithKey, createTestApp, type TestApp } from '../testing/app.ts';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { jwtOf } from '../testing/forged-tokens.ts';
import { type OidcProvider, startOidcProvider } from '../testing/oidc-provider.ts';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';

let database: TestDatabase;
let api: TestApp;
let oidc: OidcProvider;
let tenant: { tenantId: string; apiKey: string };
beforeAll(async () => {
  database = await createTestDatabase();
  api = await createTestApp(database, { outboundAllow: ['127.0.0.1/32'] });
  oidc = await startOidcProvider();
});
beforeEach(async () => {
  tenant = await aTenantWithKey(database);
});
afterAll(async () => {
  await oidc.close();
  await api.close();
  await database.close();
});

const call = (method: 'GET' | 'POST' | 'DELETE', path: string, payload?: object, apiKey = tenant.apiKey) =>
  api.app.inject({
    method,
    url: `/api/v1${path}`,
    headers: { 'x-api-key': apiKey },
    ...(payload === undefined ? {} : { payload }),
  });

const register = (settings: object, apiKey?: string) =>
  call('POST', '/tenant/identity-providers', { name: 'Ours', ...settings }, apiKey);

const exchange = (token: string, apiKey?: string) =>
  call(
    'POST',
    '/auth/token',
    { grant_type: EXCHANGE, subject_token: token, subject_token_type: ID_TOKEN },
    apiKey,
  );

interface Exchanged {
  access_token: string;
  refresh_token: string;
}

async function userOf(answer: Awaited<ReturnType<typeof exchange>>, apiKey = tenant.apiKey): Promise<string> {
  expect(answer.statusCode, answer.body).toBe(200);
  const { access_token } = answer.json<Exchanged>();
  const me = await api.app.inject({
    url: '/api/v1/me',
    headers: { 'x-api-key': apiKey, authorization: `Bearer ${access_token}` },
  });
  expect(me.statusCode).toBe(200);
  return me.json<{ id: string }>().id;
}

describe('with a real OpenID Connect provider, found by discovery', () => {
  beforeEach(async () => {
    const answer = await register({ issuer: oidc.issuer, audiences: [oidc.clientId] });
    expect(answer.statusCode, answer.body).toBe(201);
  });

  test('the first token creates a user and the next finds it; the tokens refresh', async () => {
    const [first, second] = [await oidc.signIn('jane'), await oidc.signIn('jane')];
    const answer = await exchange(first);
    const user = await userOf(answer);
    expect(answer.json()).toMatchObject({ token_type: 'Bearer', expires_in: 900 });
    expect(await userOf(await exchange(second))).toBe(user);
    expect(await userOf(await exchange(await oidc.signIn('joe')))).not.toBe(user);
    const { refresh_token: refreshToken } = answer.json<Exchanged>();
    expect((await call('POST', '/auth/refresh', { refreshToken })).statusCode).toBe(200);
  });

  test('accepts a form, as OAuth clients send it, and refuses a repeated field', async () => {
    const form = (text: string) =>
      api.app.inject({
        method: 'POST',
        url: '/api/v1/auth/token',
        headers: { 'x-api-key': tenant.apiKey, 'content-type': 'application/x-www-form-urlencoded' },
        payload: text,
      });
    const fields = new URLSearchParams({
      grant_type: EXCHANGE,
      subject_token: await oidc.signIn('jane'),
      subject_token_type: ID_TOKEN,
    }).toString();
    expect((await form(`${fields}&subject_token=x`)).json()).toMatchObject({ code: 'malformed_body' });
    expect((await form(`${fields}&__proto__=x`)).statusCode).toBe(400);
    expect((await form(fields)).statusCode).toBe(200);
    const login = await api.app.inject({
      method: 'POST',
      url: '/api/v1/auth/login',
      headers: { 'x-api-key': tenant.apiKey, 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'email=a@example.com&password=x',
    });
    expect(login.statusCode).toBe(415);
  });

  test('one token, sent 20 times concurrently, is accepted once', async () => {
    const token = await oidc.signIn('jane');
    const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(token)));
    expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1);
    expect(answers.filter(({ statusCode }) => statusCode === 400)).toHaveLength(19);
  });

  test('a token is refused by a tenant that has not registered the provider', async () => {
    const other = await aTenantWithKey(database);
    const token = await oidc.signIn('jane');
    expect((await exchange(token, other.apiKey)).json()).toMatchObject({ code: 'invalid_subject_token' });
    expect(
      (await register({ issuer: oidc.issuer, audiences: ['another-app'] }, other.apiKey)).statusCode,
    ).toBe(201);
    expect((await exchange(token, other.apiKey)).statusCode).toBe(400);
    expect((await exchange(token)).statusCode).toBe(200);
  });

  test('a user with the same e-mail is a different user', async () => {
    const email = 'jane@example.com';
    const registered = await call('POST', '/auth/register', {
      email,
      password: 'correct horse battery staple',
    });
    expect(registered.statusCode).toBe(201);
    const token = await oidc.signIn('jane');
    expect(decodeJwt(token)['sub']).toBe('jane');
    const user = await userOf(await exchange(token));
    expect(user).not.toBe(registered.json<{ user: { id: string } }>().user.id);
  });

  test('a suspended user cannot sign in; removing the provider ends its users’ sign-ins', async () => {
    const answer = await exchange(await oidc.signIn('jane'));
    const user = await userOf(answer);
    await database.pool.query("UPDATE tenant_users SET state = 'suspended' WHERE id = $1", [user]);
    const token = await oidc.signIn('jane');
    expect((await exchange(token)).json()).toMatchObject({ status: 403, code: 'user_suspended' });
    await database.pool.query("UPDATE tenant_users SET state = 'active' WHERE id = $1", [user]);
    expect(await userOf(await exchange(token)), 'the token was not used up').toBe(user);
    const list = await call('GET', '/tenant/identity-providers');
    const [{ id }] = list.json<{ identityProviders: [{ id: string }] }>().identityProviders;
    const other = await aTenantWithKey(database);
    expect(
      (await call('DELETE', `/tenant/identity-providers/${id}`, undefined, other.apiKey)).statusCode,
    ).toBe(404);
    expect((await call('DELETE', `/tenant/identity-providers/${id}`)).statusCode).toBe(204);
    const { refresh_token: refreshToken } = answer.json<Exchanged>();
    expect((await call('POST', '/auth/refresh', { refreshToken })).statusCode).toBe(401);
    expect((await exchange(await oidc.signIn('jane'))).statusCode).toBe(400);
  });
});

describe('with keys that are given, refused is', () => {
  const issuer = 'https://id.acme.test';
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const header = { alg: 'ES256', kid: 'k1' };
  const now = () => Math.floor(Date.now() / 1_000);
  const claims = () => ({
    iss: issuer,
    aud: 'app',
    sub: 'jane',
    iat: now(),
    exp: now() + 300,
    jti: randomUUID(),
  });
  const token = (over: object = {}, head: object = {}, key: KeyObject = pair.privateKey) =>
    jwtOf({ ...header, ...head }, { ...claims(), ...over }, key);

  beforeEach(async () => {
    const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'k1' };
    const answer = await register({
      issuer,
      audiences: ['app'],
      algorithms: ['ES256'],
      jwks: { keys: [jwk] },
    });
    expect(answer.statusCode, answer.body).toBe(201);
  });

  test('nothing that is right', async () => {
    expect((await exchange(token())).statusCode).toBe(200);
    expect((await exchange(token({ aud: ['app', 'other'], azp: 'app' }, { typ: 'JWT' }))).statusCode).toBe(
      200,
    );
  });

  test.each<[string, () => string]>([
    ['what is no token', () => 'x'],
    ['an expired one', () => token({ iat: now() - 900, exp: now() - 600 })],
    ['one without an end', () => token({ exp: undefined })],
    ['one of the day before yesterday that still lasts', () => token({ iat: now() - 180_000 })],
    ['one from the future', () => token({ iat: now() + 600, exp: now() + 900 })],
    ['one for another app', () => token({ aud: 'other' })],
    ['one for several, asked for by another', () => token({ aud: ['app', 'other'], azp: 'other' })],
    ['one for several, of whom nobody asked for it', () => token({ aud: ['app', 'other'] })],
    ['one of another issuer', () => token({ iss: 'https://id.evil.test' })],
    ['one without a subject', () => token({ sub: undefined })],
    ['one whose subject is empty', () => token({ sub: '' })],
    ['one whose subject PostgreSQL cannot keep', () => token({ sub: 'a\u0000b' })],
    ['one whose subject is half a character', () => token({ sub: '\ud800' })],
    ['one whose issuer PostgreSQL cannot keep', () => token({ iss: 'https://a\u0000b' })],
    ['one that ends after the year 9999', () => token({ exp: 1e15 })],
    ['one that ends when no number can say', () => token({ exp: 1e300 })],
    ['one signed by a stranger', () => token({}, {}, stranger.privateKey)],
    [
      'one with its own key',
      () => token({}, { jwk: stranger.publicKey.export({ format: 'jwk' }) }, stranger.privateKey),
    ],
    ['one with an unknown key', () => token({}, { kid: 'k2' })],
    ['one unsigned', () => token({}, { alg: 'none' }).replace(/[^.]*$/, '')],
    ['another algorithm', () => token({}, { alg: 'RS256' })],
    ['an access token', () => token({}, { typ: 'at+jwt' })],
    ['a logout token', () => token({}, { typ: 'logout+jwt' })],
  ])('%s', async (_name, forge) => {
    const answer = await exchange(forge());
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([400, 'invalid_subject_token']);
    const { rows } = await database.pool.query('SELECT FROM user_identities WHERE tenant_id = $1', [
      tenant.tenantId,
    ]);
    expect(rows).toEqual([]);
  });

  test('a second signature of what was used', async () => {
    const first = token();
    const [head = '', body = ''] = first.split('.');
    const again = jwtOf(
      JSON.parse(Buffer.from(head, 'base64url').toString()) as object,
      JSON.parse(Buffer.from(body, 'base64url').toString()),
      pair.privateKey,
    );
    expect(again).not.toBe(first);
    expect((await exchange(first)).statusCode).toBe(200);
    expect((await exchange(again)).statusCode).toBe(400);
  });

  test('one by a key for other uses or algorithms, which may stand beside a usable one', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const usable = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'k1' };
    const encryption = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'e1', use: 'enc' };
    const other = { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'r1' };
    const own = `${issuer}/mixed`;
    const answer = await register({
      ...{ issuer: own, audiences: ['app'], algorithms: ['ES256'] },
      jwks: { keys: [encryption, other, usable] },
    });
    expect(answer.statusCode, answer.body).toBe(201);
    expect((await exchange(token({ iss: own }))).statusCode).toBe(200);
    expect((await exchange(token({ iss: own }, { kid: 'e1' }))).statusCode).toBe(400);
    const signed = token({ iss: own }, { kid: 'r1', alg: 'RS256' }, rsa.privateKey);
    expect((await exchange(signed)).statusCode).toBe(400);
  });

  test('our own access token', async () => {
    const { access_token } = (await exchange(token())).json<Exchanged>();
    expect((await exchange(access_token)).statusCode).toBe(400);
  });
});

describe('a provider is not registered with', () => {
  const good = { issuer: 'https://id.acme.test', audiences: ['app'] };
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwkOf = (key: KeyObject, more: object = {}) => ({ ...key.export({ format: 'jwk' }), ...more });
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const short = generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey;
  const keys = (...list: object[]) => ({ ...good, algorithms: ['RS256', 'ES256'], jwks: { keys: list } });
  test.each<[string, object, string]>([
    ['a symmetric algorithm', { ...good, algorithms: ['HS256'] }, '/algorithms/0'],
    ['no algorithm at all', { ...good, algorithms: ['none'] }, '/algorithms/0'],
    ['no audience', { ...good, audiences: [] }, '/audiences'],
    ['no key', keys(), '/jwks/keys'],
    ['a private key', keys(jwkOf(privateKey)), '/jwks/keys/0'],
    ['a private key beside a usable one', keys(jwkOf(publicKey), jwkOf(privateKey)), '/jwks/keys/1'],
    ['a symmetric key', keys({ kty: 'oct', k: 'eA' }), '/jwks/keys/0/kty'],
    ['a key without a kind', keys({ n: 'eA', e: 'AQAB' }), '/jwks/keys/0/kty'],
    ['a key for encryption', keys(jwkOf(publicKey, { use: 'enc' })), '/jwks/keys/0/use'],
    ['a key for deriving', keys(jwkOf(publicKey, { key_ops: ['deriveKey'] })), '/jwks/keys/0/key_ops'],
    ['a key of another algorithm', keys(jwkOf(publicKey, { alg: 'ES384' })), '/jwks/keys/0/alg'],
    [
      'a key of no algorithm of its',
      { ...keys(jwkOf(publicKey)), algorithms: ['RS256'] },
      '/jwks/keys/0/crv',
    ],
    ['half a key', keys({ kty: 'EC', crv: 'P-256', x: 'eA' }), '/jwks/keys/0'],
    ['a short key', keys(jwkOf(short)), '/jwks/keys/0/n'],
    ['keys twice', { ...keys(jwkOf(publicKey)), jwksUrl: 'https://id.acme.test/jwks' }, '/jwks'],
    ['a URL of the metadata service', { ...good, jwksUrl: 'http://169.254.169.254/latest' }, '/jwksUrl'],
    ['a URL of the inner network', { ...good, jwksUrl: 'https://10.0.0.1/jwks' }, '/jwksUrl'],
    ['an issuer that is a file', { ...good, issuer: 'file:///etc/passwd' }, '/issuer'],
    ['an issuer with a query', { ...good, issuer: 'https://id.acme.test/?a=b' }, '/issuer'],
    ['an issuer with a fragment', { ...good, issuer: 'https://id.acme.test/#a' }, '/issuer'],
    ['an issuer with a password', { ...good, issuer: 'https://a:b@id.acme.test' }, '/issuer'],
    ['an issuer with a blank', { ...good, issuer: 'https://id.acme.test ' }, '/issuer'],
    ['an issuer without a host', { ...keys(jwkOf(publicKey)), issuer: 'javascript:alert(1)' }, '/issuer'],
    ['a field too many', { ...good, tenantId: randomUUID() }, '/tenantId'],
  ])('%s', async (_name, settings, pointer) => {
    const answer = await register(settings);
    expect(answer.statusCode, answer.body).toBe(400);
    const { errors } = answer.json<{ errors: { pointer: string }[] }>();
    expect(
      errors.map((fault) => fault.pointer),
      answer.body,
    ).toEqual([pointer]);
    const { rows } = await database.pool.query('SELECT FROM identity_providers WHERE tenant_id = $1', [
      tenant.tenantId,
    ]);
    expect(rows).toEqual([]);
  });
});

test('an issuer that is registered is refused by its name', async () => {
  const settings = { issuer: oidc.issuer, audiences: [oidc.clientId] };
  await register(settings);
  const answer = await register({ ...settings, name: 'Another' });
  expect([answer.statusCode, answer.json()]).toMatchObject([
    409,
    {
      code: 'name_taken',
      detail: `You have an identity provider with the issuer ${oidc.issuer}.`,
      errors: [{ pointer: '/issuer' }],
    },
  ]);
});

test('if a provider does not answer, or answers nonsense, the token is refused and nothing breaks', async () => {
  await register({ issuer: 'http://127.0.0.1:1', audiences: ['app'] });
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const now = Math.floor(Date.now() / 1_000);
  const token = jwtOf(
    { alg: 'ES256', kid: 'x' },
    { iss: 'http://127.0.0.1:1', aud: 'app', sub: 'x', iat: now, exp: now + 60 },
    privateKey,
  );
  expect((await exchange(token)).json()).toMatchObject({ code: 'invalid_subject_token' });
  await register({ issuer: 'https://other.test', audiences: ['app'], jwksUrl: `${oidc.issuer}/nothing` });
  const other = jwtOf(
    { alg: 'ES256', kid: 'x' },
    { iss: 'https://other.test', aud: 'app', sub: 'x', iat: now, exp: now + 60 },
    privateKey,
  );
  expect((await exchange(other)).json()).toMatchObject({ code: 'invalid_subject_token' });
});

test('a tenant’s backend can sign in its own users only', async () => {
  const registered = await call('POST', '/auth/register', {
    email: `${randomUUID()}@example.com`,
    password: 'correct horse battery staple',
  });
  const { id } = registered.json<{ user: { id: string } }>().user;
  const other = await aTenantWithKey(database);
  expect((await call('POST', `/tenant/users/${id}/tokens`, undefined, other.apiKey)).statusCode).toBe(404);
  expect((await call('POST', `/tenant/users/${randomUUID()}/tokens`)).statusCode).toBe(404);
  const answer = await call('POST', `/tenant/users/${id}/tokens`);
  expect(answer.statusCode).toBe(201);
  const { accessToken } = answer.json<{ accessToken: string }>();
  expect(decodeJwt(accessToken)).toMatchObject({ sub: id, aud: tenant.tenantId });
  await database.pool.query("UPDATE tenant_users SET state = 'suspended' WHERE id = $1", [id]);
  const suspended = await call('POST', `/tenant/users/${id}/tokens`);
  expect(suspended.json()).toMatchObject({ status: 403, code: 'user_suspended' });
  await database.pool.query("UPDATE tenant_users SET state = 'deleting' WHERE id = $1", [id]);
  expect((await call('POST', `/tenant/users/${id}/tokens`)).statusCode).toBe(404);
});
