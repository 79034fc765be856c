import { randomUUID } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import { describe, expect } from 'vitest';
import { aTenantWithKey } from '../testing/app.ts';
import { test as base } from '../testing/test-with-app.ts';

const PASSWORD = 'correct horse battery staple';
let tenant: { tenantId: string; apiKey: string };

const test = base
  .extend(
    'call',
    ({ api }) =>
      (method: 'GET' | 'POST' | 'DELETE' | 'PATCH', path: string, payload?: object, accessToken?: string) => {
        const authorization = accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` };
        return api.app.inject({
          method,
          url: `/api/v1${path}`,
          headers: { 'x-api-key': tenant.apiKey, ...authorization },
          ...(payload === undefined ? {} : { payload }),
        });
      },
  )
  /** Resets the used time step, instead of waiting half a minute for the next one. */
  .extend(
    'letTimePass',
    ({ database }) =>
      () =>
        database.pool.query('UPDATE second_factors SET last_step = 0'),
  )
  .extend('signedUp', ({ call }) => async () => {
    const email = `${randomUUID()}@example.com`;
    const answer = await call('POST', '/auth/register', { email, password: PASSWORD });
    expect(answer.statusCode).toBe(201);
    const { accessToken, user } = answer.json<{ accessToken: string; user: { id: string } }>();
    return {
      email,
      accessToken,
      id: user.id,
      login: () => call('POST', '/auth/login', { email, password: PASSWORD }),
    };
  })
  .extend('enrolled', ({ call, letTimePass, signedUp }) => async () => {
    const user = await signedUp();
    const begun = await call('POST', '/me/second-factor', undefined, user.accessToken);
    expect(begun.statusCode).toBe(200);
    const { secret } = begun.json<{ secret: string }>();
    const confirmed = await call(
      'POST',
      '/me/second-factor/confirm',
      { code: codeOf(secret) },
      user.accessToken,
    );
    expect(confirmed.statusCode).toBe(200);
    const { recoveryCodes } = confirmed.json<{ recoveryCodes: string[] }>();
    await letTimePass();
    const challenge = async () => {
      const answer = await user.login();
      expect(answer.statusCode).toBe(202);
      return answer.json<Challenge>();
    };
    return { ...user, secret, recoveryCodes, challenge };
  })
  .extend(
    'finish',
    ({ call }) =>
      (challengeToken: string, code: string) =>
        call('POST', '/auth/second-factor', { challengeToken, code }),
  );

test.beforeEach(async ({ database }) => {
  tenant = await aTenantWithKey(database);
});

/** The code of the current or another time step, as the user's app shows it. */
const codeOf = (secret: string, steps = 0) =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + steps * 30_000 });

interface Challenge {
  status: string;
  challengeToken: string;
  enrolled: boolean;
}

describe('a user with a second factor', () => {
  test('signs in with password and code', async ({ call, enrolled, finish }) => {
    const { id, email, secret, challenge } = await enrolled();
    const { status, challengeToken, enrolled: has } = await challenge();
    expect([status, has]).toEqual(['second_factor_required', true]);
    const answer = await finish(challengeToken, codeOf(secret));
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ user: { id, email, tenantId: tenant.tenantId }, expiresIn: 900 });
    const { accessToken } = answer.json<{ accessToken: string }>();
    expect((await call('GET', '/me', undefined, accessToken)).statusCode).toBe(200);
  });

  test('a challenge is no access token, refresh token or link', async ({
    database,
    api,
    call,
    enrolled,
    finish,
  }) => {
    const { challenge, secret } = await enrolled();
    const { challengeToken } = await challenge();
    expect((await call('GET', '/me', undefined, challengeToken)).statusCode).toBe(401);
    expect((await call('POST', '/auth/refresh', { refreshToken: challengeToken })).statusCode).toBe(401);
    expect((await call('POST', '/auth/verify-email', { token: challengeToken })).statusCode).toBe(410);
    const other = await aTenantWithKey(database);
    const foreign = await api.app.inject({
      method: 'POST',
      url: '/api/v1/auth/second-factor',
      headers: { 'x-api-key': other.apiKey },
      payload: { challengeToken, code: codeOf(secret) },
    });
    expect(foreign.json()).toMatchObject({ code: 'invalid_challenge' });
    await database.pool.query('UPDATE sign_in_challenges SET expires_at = now() - make_interval(secs => 1)');
    expect((await finish(challengeToken, codeOf(secret))).json()).toMatchObject({
      code: 'invalid_challenge',
    });
  });

  test('of 9 concurrent uses of one code with as many challenges, one succeeds, and no later one', async ({
    database,
    enrolled,
    finish,
  }) => {
    const { secret, challenge } = await enrolled();
    const challenges = await Promise.all(Array.from({ length: 9 }, challenge));
    const code = codeOf(secret);
    const answers = await Promise.all(challenges.map(({ challengeToken }) => finish(challengeToken, code)));
    expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1);
    expect(answers.filter(({ statusCode }) => statusCode === 401)).toHaveLength(8);
    await database.pool.query('DELETE FROM sign_in_tries');
    const { challengeToken } = await challenge();
    for (const old of [code, codeOf(secret, -1)])
      expect((await finish(challengeToken, old)).json()).toMatchObject({ code: 'invalid_code' });
    expect((await finish(challengeToken, codeOf(secret, 1))).statusCode).toBe(200);
  });

  test('of two correct codes with one challenge, one signs in', async ({ enrolled, finish }) => {
    const { secret, recoveryCodes, challenge } = await enrolled();
    const { challengeToken } = await challenge();
    const answers = await Promise.all(
      [codeOf(secret), ...recoveryCodes.slice(0, 4)].map((code) => finish(challengeToken, code)),
    );
    expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1);
  });

  test('after ten wrong codes, a correct one has to wait', async ({ enrolled, finish }) => {
    const { secret, challenge } = await enrolled();
    const { challengeToken } = await challenge();
    const wrong = String((Number(codeOf(secret)) + 500_000) % 1_000_000).padStart(6, '0');
    const answers = await Promise.all(Array.from({ length: 15 }, () => finish(challengeToken, wrong)));
    expect(answers.filter(({ statusCode }) => statusCode === 401)).toHaveLength(10);
    expect(answers.filter(({ statusCode }) => statusCode === 429)).toHaveLength(5);
    expect((await finish(challengeToken, codeOf(secret))).statusCode).toBe(429);
  });

  test('a recovery code signs in once, however it is typed; its stored form opens nothing', async ({
    database,
    call,
    enrolled,
    finish,
  }) => {
    const { recoveryCodes, challenge, accessToken } = await enrolled();
    expect(new Set(recoveryCodes).size).toBe(10);
    const [code = ''] = recoveryCodes;
    const typed = code.toUpperCase().replaceAll('-', ' ');
    const challenges = await Promise.all(Array.from({ length: 5 }, challenge));
    const answers = await Promise.all(challenges.map(({ challengeToken }) => finish(challengeToken, typed)));
    expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1);
    const left = await call('GET', '/me/second-factor', undefined, accessToken);
    expect(left.json()).toEqual({ enrolled: true, recoveryCodesLeft: 9 });
    const { rows } = await database.pool.query<{ text: string }>(
      "SELECT encode(code_hash, 'hex') AS text FROM recovery_codes",
    );
    expect(rows.map(({ text }) => text)).not.toContain(recoveryCodes[1]?.replaceAll('-', ''));
  });

  test('needs a code to remove it, which also removes the recovery codes', async ({ call, enrolled }) => {
    const { secret, recoveryCodes, accessToken, login } = await enrolled();
    const remove = (code: string) => call('POST', '/me/second-factor/remove', { code }, accessToken);
    expect((await call('POST', '/me/second-factor', undefined, accessToken)).json()).toMatchObject({
      code: 'state_conflict',
    });
    expect((await remove('000000x')).statusCode).toBe(401);
    expect((await remove(codeOf(secret))).statusCode).toBe(204);
    expect((await login()).statusCode).toBe(200);
    expect((await remove(recoveryCodes[0]!)).statusCode).toBe(401);
  });

  test('who lost it can have it reset by the tenant’s backend, and by no other tenant’s', async ({
    database,
    api,
    enrolled,
  }) => {
    const { id, login } = await enrolled();
    const other = await aTenantWithKey(database);
    const reset = (apiKey: string) =>
      api.app.inject({
        method: 'DELETE',
        url: `/api/v1/tenant/users/${id}/second-factor`,
        headers: { 'x-api-key': apiKey },
      });
    expect((await reset(other.apiKey)).statusCode).toBe(404);
    expect((await login()).statusCode).toBe(202);
    expect((await reset(tenant.apiKey)).statusCode).toBe(204);
    expect((await login()).statusCode).toBe(200);
  });

  test('has its secret stored sealed', async ({ database, api, enrolled }) => {
    const { secret } = await enrolled();
    const { rows } = await database.pool.query<{ secret: Buffer }>('SELECT secret FROM second_factors');
    const bytes = Buffer.from(Secret.fromBase32(secret).bytes);
    for (const row of rows) expect(row.secret.includes(bytes)).toBe(false);
    expect(api.logs()).not.toContain(secret);
  });
});

test('an unconfirmed second factor has no effect and can be restarted', async ({ call, signedUp }) => {
  const { accessToken, login } = await signedUp();
  const begin = async () =>
    (await call('POST', '/me/second-factor', undefined, accessToken)).json<{ secret: string }>().secret;
  const [first, second] = [await begin(), await begin()];
  expect((await login()).statusCode).toBe(200);
  const confirm = (code: string) => call('POST', '/me/second-factor/confirm', { code }, accessToken);
  expect((await confirm(codeOf(first))).json()).toMatchObject({ code: 'invalid_code' });
  expect((await confirm(codeOf(second))).statusCode).toBe(200);
  expect((await confirm(codeOf(second, 1))).statusCode).toBe(401);
});

test('if the tenant requires one, nobody signs in without, and it is set up while signing in', async ({
  call,
  finish,
}) => {
  expect((await call('PATCH', '/tenant/sign-in-settings', { secondFactorRequired: true })).statusCode).toBe(
    200,
  );
  const email = `${randomUUID()}@example.com`;
  const registered = await call('POST', '/auth/register', { email, password: PASSWORD });
  expect(registered.statusCode).toBe(202);
  const { challengeToken, enrolled: has } = registered.json<Challenge>();
  expect(has).toBe(false);
  expect((await finish(challengeToken, '123456')).json()).toMatchObject({ code: 'invalid_code' });
  const begun = await call('POST', '/auth/second-factor/enrol', { challengeToken });
  const { secret } = begun.json<{ secret: string }>();
  const answer = await finish(challengeToken, codeOf(secret));
  expect(answer.statusCode).toBe(200);
  const { accessToken, recoveryCodes } = answer.json<{ accessToken: string; recoveryCodes: string[] }>();
  expect(recoveryCodes).toHaveLength(10);
  const remove = await call('POST', '/me/second-factor/remove', { code: recoveryCodes[0]! }, accessToken);
  expect(remove.json()).toMatchObject({ code: 'state_conflict' });
  // A later challenge cannot start another enrolment.
  const again = (await call('POST', '/auth/login', { email, password: PASSWORD })).json<Challenge>();
  expect(again.enrolled).toBe(true);
  const second = await call('POST', '/auth/second-factor/enrol', { challengeToken: again.challengeToken });
  expect(second.json()).toMatchObject({ code: 'state_conflict' });
});
