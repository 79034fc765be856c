import { randomUUID } from 'node:crypto';
import { hashCredential } from '../platform/access/api-key.ts';
import { hash as bcrypt } from '@node-rs/bcrypt';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aTenantWithKey, createTestApp, type TestApp } from '../testing/app.ts';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { jwtOf } from '../testing/forged-tokens.ts';

let database: TestDatabase;
let api: TestApp;
let tenantId: string;
let apiKey: string;
let keyId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await createTestApp(database);
  ({ tenantId, apiKey, keyId } = await aTenantWithKey(database));
});
afterAll(async () => {
  await api.close();
  await database.close();
});

const PASSWORD = 'correct horse battery staple';
const anEmail = () => `${randomUUID()}@example.com`;

interface Tokens {
  accessToken: string;
  refreshToken: string;
  expiresIn: number;
}
interface SignedIn extends Tokens {
  user: { id: string; email: string; tenantId: string };
}

const post = (path: string, payload: object, key = apiKey) =>
  api.app.inject({ method: 'POST', url: `/api/v1/auth/${path}`, headers: { 'x-api-key': key }, payload });

const me = (accessToken: string, key = apiKey) =>
  api.app.inject({
    url: '/api/v1/me',
    headers: { 'x-api-key': key, authorization: `Bearer ${accessToken}` },
  });

async function signedUp(key = apiKey): Promise<SignedIn> {
  const answer = await post('register', { email: anEmail(), password: PASSWORD }, key);
  expect(answer.statusCode).toBe(201);
  return answer.json();
}

describe('the contract', () => {
  test('register', async () => {
    const email = anEmail();
    const answer = await post('register', { email, password: PASSWORD });
    expect(answer.statusCode).toBe(201);
    expect(answer.json()).toEqual({
      user: { id: expect.any(String) as string, email },
      accessToken: expect.stringMatching(/^eyJ/) as string,
      refreshToken: expect.stringMatching(/^cv_rt_[A-Za-z0-9_-]{43}$/) as string,
      expiresIn: 900,
    });
  });

  test('login', async () => {
    const { user } = await signedUp();
    const answer = await post('login', { email: user.email, password: PASSWORD });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({
      user: { id: user.id, email: user.email, tenantId },
      expiresIn: 900,
    });
    expect(Object.keys(answer.json<SignedIn>().user).sort()).toEqual(['email', 'id', 'tenantId']);
  });

  test('me', async () => {
    const { user, accessToken } = await signedUp();
    const answer = await me(accessToken);
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({
      id: user.id,
      email: user.email,
      tenantId,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
    });
  });

  test('logout', async () => {
    const { accessToken } = await signedUp();
    const answer = await api.app.inject({
      method: 'POST',
      url: '/api/v1/auth/logout',
      headers: { 'x-api-key': apiKey, authorization: `Bearer ${accessToken}` },
    });
    expect(answer.statusCode).toBe(204);
    expect(answer.body).toBe('');
  });
});

describe('an e-mail address', () => {
  test.each([
    'r&d@example.com',
    "o'brien+vpn@example.com",
    'ivan@xn--e1afmkfd.xn--p1ai',
    '"jane doe"@example.com',
  ])('%s signs up and in, however it is typed', async (email) => {
    const own = await aTenantWithKey(database);
    const registered = await post(
      'register',
      { email: ` ${email.toUpperCase()}\t`, password: PASSWORD },
      own.apiKey,
    );
    expect(registered.json()).toMatchObject({ user: { email } });
    expect((await post('login', { email, password: PASSWORD }, own.apiKey)).statusCode).toBe(200);
    const again = await post('register', { email: `${email} `, password: PASSWORD }, own.apiKey);
    expect(again.json()).toMatchObject({ code: 'email_taken' });
  });

  test('with one domain in two scripts is one user', async () => {
    const own = await aTenantWithKey(database);
    await post('register', { email: 'ivan@ПРИМЕР.рф', password: PASSWORD }, own.apiKey);
    const answer = await post(
      'login',
      { email: 'ivan@xn--e1afmkfd.xn--p1ai', password: PASSWORD },
      own.apiKey,
    );
    expect(answer.json()).toMatchObject({ user: { email: 'ivan@xn--e1afmkfd.xn--p1ai' } });
  });

  test.each([
    '',
    'jane',
    'jane@example',
    'ja ne@example.com',
    'иван@example.com',
    `${'x'.repeat(600)}@example.com`,
  ])('%j is refused with one fault', async (email) => {
    for (const path of ['register', 'login']) {
      const answer = await post(path, { email, password: PASSWORD });
      expect(answer.statusCode).toBe(400);
      const { errors } = answer.json<{ errors: { pointer: string }[] }>();
      expect(errors.map(({ pointer }) => pointer)).toEqual(['/email']);
    }
  });
});

describe('signing up', () => {
  test('an e-mail is taken once, in any letter case, even concurrently', async () => {
    const email = anEmail();
    const answers = await Promise.all(
      [email, email.toUpperCase(), email].map((each) =>
        post('register', { email: each, password: PASSWORD }),
      ),
    );
    expect(answers.map((answer) => answer.statusCode).sort()).toEqual([201, 409, 409]);
    expect(answers.find((answer) => answer.statusCode === 409)?.json()).toMatchObject({
      code: 'email_taken',
    });
    const { rows } = await database.pool.query('SELECT FROM tenant_users WHERE email = $1', [email]);
    expect(rows).toHaveLength(1);
  });

  test('another tenant may have the same user', async () => {
    const other = await aTenantWithKey(database);
    const { user } = await signedUp();
    const answer = await post('register', { email: user.email, password: PASSWORD }, other.apiKey);
    expect(answer.statusCode).toBe(201);
    expect(answer.json<SignedIn>().user.id).not.toBe(user.id);
  });

  test('the tenant sets the minimum length of passwords', async () => {
    const strict = await aTenantWithKey(database, { passwordLengthMin: 20 });
    const register = (password: string, key: string) => post('register', { email: anEmail(), password }, key);
    const answer = await register('nineteen characters', strict.apiKey);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ errors: [{ pointer: '/password' }] });
    expect((await register('twenty characters it', strict.apiKey)).statusCode).toBe(201);
  });

  test('a minimum below 12 characters holds only with a second factor', async () => {
    const lax = await aTenantWithKey(database, { passwordLengthMin: 8 });
    const register = () => post('register', { email: anEmail(), password: 'wet umbr' }, lax.apiKey);
    expect((await register()).statusCode).toBe(400);
    await database.pool.query(
      'INSERT INTO sign_in_settings (tenant_id, second_factor_required) VALUES ($1, true)',
      [lax.tenantId],
    );
    expect((await register()).statusCode).toBe(202);
  });

  test.each([
    ['no body', undefined],
    ['a field too many', { email: 'a@example.com', password: PASSWORD, role: 'admin' }],
    ['a tenant of its own choice', { email: 'a@example.com', password: PASSWORD, tenantId: randomUUID() }],
    ['a password that is an object', { email: 'a@example.com', password: { $ne: '' } }],
    ['an e-mail that is an object', { email: { contains: '' }, password: PASSWORD }],
    ['a password of 11 characters', { email: 'a@example.com', password: 'x'.repeat(11) }],
    ['a password of 257 characters', { email: 'a@example.com', password: 'x'.repeat(257) }],
    ['no e-mail', { email: 'not an address', password: PASSWORD }],
    ['an e-mail with a line end', { email: 'a@example.com\nBcc: b@example.com', password: PASSWORD }],
    ['an e-mail of 300 characters', { email: `${'a'.repeat(290)}@example.com`, password: PASSWORD }],
    ['a NUL in the e-mail', { email: 'a\0@example.com', password: PASSWORD }],
  ])('refused, nothing kept: %s', async (_name, payload) => {
    const count = async () => (await database.pool.query('SELECT FROM tenant_users')).rowCount;
    const before = await count();
    const answer = await post('register', payload as object);
    expect(answer.statusCode).toBe(400);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(await count()).toBe(before);
  });
});

describe('signing in', () => {
  test('a wrong password and an unknown user get the same answer', async () => {
    const { user } = await signedUp();
    const strip = (answer: Awaited<ReturnType<typeof post>>) => {
      const body = { ...answer.json<Record<string, unknown>>(), requestId: '' };
      return { status: answer.statusCode, body, headers: Object.keys(answer.headers).sort() };
    };
    const wrong = strip(await post('login', { email: user.email, password: `${PASSWORD}!` }));
    const unknown = strip(await post('login', { email: anEmail(), password: PASSWORD }));
    expect(wrong).toEqual(unknown);
    expect(wrong).toMatchObject({ status: 401, body: { code: 'invalid_credentials' } });
  });

  test('the e-mail’s case does not matter', async () => {
    const { user } = await signedUp();
    expect((await post('login', { email: user.email.toUpperCase(), password: PASSWORD })).statusCode).toBe(
      200,
    );
  });

  test('a user of another tenant does not exist', async () => {
    const other = await aTenantWithKey(database);
    const { user } = await signedUp();
    expect((await post('login', { email: user.email, password: PASSWORD }, other.apiKey)).statusCode).toBe(
      401,
    );
  });

  test('only credentials that worked before reveal that the user is suspended', async () => {
    const { user, accessToken, refreshToken } = await signedUp();
    const stranger = (await post('login', { email: anEmail(), password: PASSWORD })).json<object>();
    const setState = (state: string) =>
      database.pool.query('UPDATE tenant_users SET state = $2::user_state WHERE id = $1', [user.id, state]);
    await setState('suspended');
    const suspended = { status: 403, code: 'user_suspended' };
    expect((await post('login', { email: user.email, password: PASSWORD })).json()).toMatchObject(suspended);
    expect((await me(accessToken)).json()).toMatchObject(suspended);
    expect((await post('refresh', { refreshToken })).json()).toMatchObject(suspended);
    const wrong = (await post('login', { email: user.email, password: `${PASSWORD}!` })).json<object>();
    expect({ ...wrong, requestId: '' }).toEqual({ ...stranger, requestId: '' });
    expect((await me(accessToken.slice(0, -4))).statusCode).toBe(401);
    const madeUp = await post('refresh', { refreshToken: `cv_rt_${'x'.repeat(43)}` });
    expect(madeUp.json()).toMatchObject({ code: 'invalid_refresh_token' });
    await setState('active');
    expect((await me(accessToken)).statusCode).toBe(200);
    expect((await post('refresh', { refreshToken })).statusCode, 'it was not used up').toBe(200);
  });

  test('an imported or weak hash is renewed', async () => {
    const { user } = await signedUp();
    const stored = async () =>
      (
        await database.pool.query<{ password_hash: string }>(
          'SELECT password_hash FROM tenant_users WHERE id = $1',
          [user.id],
        )
      ).rows[0]?.password_hash;
    const imported = await bcrypt('an imported password', { cost: 4 });
    await database.pool.query('UPDATE tenant_users SET password_hash = $2 WHERE id = $1', [
      user.id,
      imported,
    ]);
    const login = () => post('login', { email: user.email, password: 'an imported password' });
    expect((await login()).statusCode).toBe(200);
    expect(await stored()).toMatch(/\$hs384$/);
    expect((await login()).statusCode).toBe(200);
  });
});

describe('API keys', () => {
  test.each([
    ['none', {}, 'missing_api_key'],
    ['nonsense', { 'x-api-key': 'nonsense' }, 'invalid_api_key'],
    ['the empty one', { 'x-api-key': '' }, 'invalid_api_key'],
    ['the admin key', { 'x-api-key': `cv_admin_${'x'.repeat(43)}` }, 'invalid_api_key'],
  ])('%s: 401', async (_name, headers, code) => {
    const answer = await api.app.inject({ method: 'POST', url: '/api/v1/auth/login', headers, payload: {} });
    expect(answer.statusCode).toBe(401);
    expect(answer.json()).toMatchObject({ code });
    expect(answer.headers['www-authenticate']).toContain('X-API-Key');
  });

  test('no stored form opens anything', async () => {
    const { rows } = await database.pool.query<{ prefix: string; key_hash: Buffer }>(
      'SELECT prefix, key_hash FROM api_keys',
    );
    for (const { prefix, key_hash } of rows) {
      for (const stored of [
        prefix,
        key_hash.toString('hex'),
        key_hash.toString('base64url'),
        key_hash.toString('latin1'),
      ]) {
        if (/[^\x20-\x7e]/.test(stored)) continue;
        expect((await post('login', {}, stored)).statusCode).toBe(401);
      }
    }
  });

  test('a revoked key stops working with the next request, and so do its users’ tokens', async () => {
    const own = await aTenantWithKey(database);
    const { accessToken } = await signedUp(own.apiKey);
    expect((await me(accessToken, own.apiKey)).statusCode).toBe(200);
    await database.pool.query('UPDATE api_keys SET revoked_at = now() WHERE id = $1', [own.keyId]);
    const answer = await me(accessToken, own.apiKey);
    expect(answer.statusCode).toBe(401);
    expect(answer.json()).toMatchObject({ code: 'invalid_api_key' });
  });

  test('of a suspended tenant: 403 from the next request on', async () => {
    const own = await aTenantWithKey(database);
    const { accessToken } = await signedUp(own.apiKey);
    await database.pool.query("UPDATE tenants SET state = 'suspended' WHERE id = $1", [own.tenantId]);
    for (const answer of [await me(accessToken, own.apiKey), await post('login', {}, own.apiKey)]) {
      expect(answer.statusCode).toBe(403);
      expect(answer.json()).toMatchObject({ code: 'tenant_suspended' });
    }
  });
});

describe('access tokens', () => {
  test('another tenant’s token opens nothing, with either key', async () => {
    const other = await aTenantWithKey(database);
    const mine = await signedUp();
    const theirs = await signedUp(other.apiKey);
    expect((await me(mine.accessToken, other.apiKey)).json()).toMatchObject({ code: 'invalid_token' });
    expect((await me(theirs.accessToken)).json()).toMatchObject({ code: 'invalid_token' });
  });

  test('another user’s sign-in is refused', async () => {
    const [one, two] = [await signedUp(), await signedUp()];
    const { key } = await api.signingKeys.signing(tenantId);
    const header = decodeProtectedHeader(one.accessToken);
    const claims = decodeJwt(one.accessToken);
    expect((await me(jwtOf(header, { ...claims, jti: randomUUID() }, key))).statusCode).toBe(200);
    expect((await me(jwtOf(header, { ...claims, sub: two.user.id }, key))).statusCode).toBe(401);
  });

  test('other kinds of tokens are refused', async () => {
    const { refreshToken } = await signedUp();
    for (const token of [refreshToken, apiKey]) {
      expect((await me(token)).json()).toMatchObject({ code: 'invalid_token' });
    }
    const answer = await api.app.inject({ url: '/api/v1/me', headers: { 'x-api-key': apiKey } });
    expect(answer.json()).toMatchObject({ code: 'missing_token' });
  });
});

describe('refresh tokens', () => {
  const refresh = (refreshToken: string, key = apiKey) => post('refresh', { refreshToken }, key);
  const letGracePass = (refreshToken: string) =>
    database.pool.query(
      "UPDATE refresh_tokens SET used_at = used_at - interval '11 seconds' WHERE token_hash = $1",
      [hashCredential(refreshToken)],
    );

  test('each works once and gives the next', async () => {
    let { refreshToken } = await signedUp();
    for (let time = 0; time < 3; time++) {
      const answer = await refresh(refreshToken);
      expect(answer.statusCode).toBe(200);
      const tokens = answer.json<Tokens>();
      expect(Object.keys(tokens).sort()).toEqual(['accessToken', 'expiresIn', 'refreshToken']);
      expect(tokens.refreshToken).not.toBe(refreshToken);
      expect((await me(tokens.accessToken)).statusCode).toBe(200);
      ({ refreshToken } = tokens);
    }
  });

  test('a late reuse ends the whole sign-in', async () => {
    const first = await signedUp();
    const second = (await refresh(first.refreshToken)).json<Tokens>();
    const third = (await refresh(second.refreshToken)).json<Tokens>();
    await letGracePass(first.refreshToken);
    expect((await refresh(first.refreshToken)).json()).toMatchObject({ code: 'invalid_refresh_token' });
    expect((await refresh(third.refreshToken)).statusCode).toBe(401);
    for (const { accessToken } of [first, second, third])
      expect((await me(accessToken)).statusCode).toBe(401);
  });

  test('another sign-in of the same user stays open', async () => {
    const first = await signedUp();
    const other = (await post('login', { email: first.user.email, password: PASSWORD })).json<Tokens>();
    await refresh(first.refreshToken);
    await letGracePass(first.refreshToken);
    await refresh(first.refreshToken);
    expect((await me(other.accessToken)).statusCode).toBe(200);
  });

  test('an immediate reuse is refused, and the sign-in stays open', async () => {
    const first = await signedUp();
    const second = (await refresh(first.refreshToken)).json<Tokens>();
    expect((await refresh(first.refreshToken)).statusCode).toBe(401);
    expect((await refresh(second.refreshToken)).statusCode).toBe(200);
  });

  test('of 20 concurrent uses exactly one succeeds', async () => {
    const { refreshToken } = await signedUp();
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(refreshToken)));
    const statuses = answers.map((answer) => answer.statusCode);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 401)).toHaveLength(19);
    const winner = answers.find((answer) => answer.statusCode === 200)!.json<Tokens>();
    expect((await refresh(winner.refreshToken)).statusCode).toBe(200);
  });

  test('with another tenant’s key it opens nothing and harms nobody', async () => {
    const other = await aTenantWithKey(database);
    const { refreshToken } = await signedUp();
    expect((await refresh(refreshToken, other.apiKey)).statusCode).toBe(401);
    expect((await refresh(refreshToken)).statusCode).toBe(200);
  });

  test('it expires after 30 days without use', async () => {
    const { refreshToken, user, accessToken } = await signedUp();
    const { rows } = await database.pool.query<{ days: number }>(
      'SELECT extract(epoch FROM expires_at - now()) / 86400 AS days FROM sign_ins WHERE user_id = $1',
      [user.id],
    );
    expect(Number(rows[0]?.days)).toBeCloseTo(30, 2);
    await database.pool.query(
      'UPDATE sign_ins SET expires_at = now() - make_interval(secs => 1) WHERE user_id = $1',
      [user.id],
    );
    expect((await refresh(refreshToken)).statusCode).toBe(401);
    expect((await me(accessToken)).statusCode).toBe(401);
  });

  test.each(['', 'x', 'cv_rt_short', `cv_rt_${'x'.repeat(43)}`])('%j is invalid', async (text) => {
    expect((await refresh(text)).statusCode).toBe(401);
  });

  test('is not stored', async () => {
    const { refreshToken, user } = await signedUp();
    const { rows } = await database.pool.query<{ token_hash: Buffer }>(
      'SELECT token_hash FROM refresh_tokens r JOIN sign_ins s ON s.id = r.sign_in_id WHERE s.user_id = $1',
      [user.id],
    );
    expect(rows.map((row) => row.token_hash)).toEqual([hashCredential(refreshToken)]);
  });
});

test('signing out ends access token and refresh token at once; other sign-ins stay open', async () => {
  const first = await signedUp();
  const other = (await post('login', { email: first.user.email, password: PASSWORD })).json<Tokens>();
  const logout = () =>
    api.app.inject({
      method: 'POST',
      url: '/api/v1/auth/logout',
      headers: { 'x-api-key': apiKey, authorization: `Bearer ${first.accessToken}` },
    });
  expect((await logout()).statusCode).toBe(204);
  expect((await me(first.accessToken)).json()).toMatchObject({ code: 'invalid_token' });
  expect((await post('refresh', { refreshToken: first.refreshToken })).statusCode).toBe(401);
  expect((await logout()).statusCode).toBe(401);
  expect((await me(other.accessToken)).statusCode).toBe(200);
});

test('one request causes one query', async () => {
  const { accessToken } = await signedUp();
  const queries: unknown[] = [];
  const { pool } = database.as('cvault_authenticator');
  const original = pool.query.bind(pool) as (...args: unknown[]) => unknown;
  pool.query = ((...args: unknown[]) => {
    queries.push(args[0]);
    return original(...args);
  }) as typeof pool.query;
  expect((await me(accessToken)).statusCode).toBe(200);
  pool.query = original as typeof pool.query;
  expect(queries).toHaveLength(1);
});

test('the tenant’s own limit holds, and a change affects the current window', async () => {
  const limited = await aTenantWithKey(database, { authRateLimit: 2, authRateWindowSeconds: 60 });
  const send = () => post('login', { email: anEmail(), password: PASSWORD }, limited.apiKey);
  expect((await send()).statusCode).toBe(401);
  expect((await send()).statusCode).toBe(401);
  const refused = await send();
  expect(refused.statusCode).toBe(429);
  expect(refused.headers['retry-after']).toBeDefined();
  expect(refused.headers['ratelimit-policy']).toBe('"auth";q=2;w=60');
  await database.pool.query('UPDATE tenants SET auth_rate_limit = 100 WHERE id = $1', [limited.tenantId]);
  expect((await send()).statusCode).toBe(401);
});

test('no secret reaches the log', async () => {
  const canaries = {
    password: 'canary-password-1234',
    wrong: 'canary-wrong-1234',
    email: 'canary-mail@example.com',
  };
  const { refreshToken, accessToken } = (
    await post('register', { email: canaries.email, password: canaries.password })
  ).json<Tokens>();
  await post('register', { email: canaries.email, password: canaries.password });
  await post('login', { email: canaries.email, password: canaries.wrong });
  await post('refresh', { refreshToken });
  await me(accessToken);
  await api.app.inject({
    method: 'POST',
    url: '/api/v1/auth/login',
    headers: { 'x-api-key': apiKey, 'content-type': 'application/json' },
    payload: `{"email":"${canaries.email}","password":"${canaries.password}"`,
  });
  const logs = api.logs();
  expect(logs.length).toBeGreaterThan(1_000);
  const secrets = [...Object.values(canaries), refreshToken, accessToken, apiKey, database.url.reveal()];
  for (const secret of secrets) expect(logs).not.toContain(secret);
  expect(keyId).toBeTypeOf('string');
});
