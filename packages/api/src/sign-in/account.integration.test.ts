import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { aTenantWithKey } from '../testing/app.ts';
import { test as base } from '../testing/test-with-app.ts';

const PASSWORD = 'correct horse battery staple';
const NEW = 'seven wet umbrellas walk home';

interface Tokens {
  accessToken: string;
  refreshToken: string;
}

const test = base
  .extend('apiKey', { scope: 'file' }, async ({ database }) => (await aTenantWithKey(database)).apiKey)
  .extend(
    'call',
    ({ api, apiKey }) =>
      (method: 'GET' | 'POST' | 'DELETE', path: string, payload?: object, accessToken?: string) => {
        const authorization = accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` };
        return api.app.inject({
          method,
          url: `/api/v1${path}`,
          headers: { 'x-api-key': apiKey, ...authorization },
          ...(payload === undefined ? {} : { payload }),
        });
      },
  )
  .extend(
    'signedUp',
    ({ call }) =>
      async (): Promise<Tokens & { email: string; again: () => Promise<Tokens> }> => {
        const email = `${randomUUID()}@example.com`;
        const answer = await call('POST', '/auth/register', { email, password: PASSWORD });
        expect(answer.statusCode).toBe(201);
        const again = async () =>
          (await call('POST', '/auth/login', { email, password: PASSWORD })).json<Tokens>();
        return { email, ...answer.json<Tokens>(), again };
      },
  )
  .extend('alive', ({ call }) => async ({ accessToken, refreshToken }: Tokens) => [
    (await call('GET', '/me', undefined, accessToken)).statusCode,
    (await call('POST', '/auth/refresh', { refreshToken })).statusCode,
  ]);

test('signing out everywhere ends all tokens of the user, but not another user’s', async ({
  call,
  signedUp,
  alive,
}) => {
  const user = await signedUp();
  const phone = await user.again();
  const other = await signedUp();
  expect((await call('POST', '/auth/logout-everywhere', undefined, user.accessToken)).statusCode).toBe(204);
  expect(await alive(user)).toEqual([401, 401]);
  expect(await alive(phone)).toEqual([401, 401]);
  expect(await alive(other)).toEqual([200, 200]);
});

test('changing the password ends all other sign-ins and the old password', async ({
  call,
  signedUp,
  alive,
}) => {
  const user = await signedUp();
  const phone = await user.again();
  const change = (currentPassword: string, newPassword: string) =>
    call('POST', '/me/password', { currentPassword, newPassword }, user.accessToken);
  expect((await change('not the password', NEW)).json()).toMatchObject({ code: 'invalid_credentials' });
  const weak = await change(PASSWORD, user.email.replace(/@.*/, ''));
  expect(weak.json()).toMatchObject({ code: 'invalid_request', errors: [{ pointer: '/newPassword' }] });
  expect((await call('GET', '/me', undefined, phone.accessToken)).statusCode).toBe(200);

  expect((await change(PASSWORD, NEW)).statusCode).toBe(204);
  expect(await alive(phone)).toEqual([401, 401]);
  expect(await alive(user)).toEqual([200, 200]);
  const login = (password: string) => call('POST', '/auth/login', { email: user.email, password });
  expect((await login(PASSWORD)).statusCode).toBe(401);
  expect((await login(NEW)).statusCode).toBe(200);
});

test('of two concurrent changes, one succeeds', async ({ call, signedUp }) => {
  const user = await signedUp();
  const change = (newPassword: string) =>
    call('POST', '/me/password', { currentPassword: PASSWORD, newPassword }, user.accessToken);
  const answers = await Promise.all([change(`${NEW} one`), change(`${NEW} two`)]);
  const statuses = answers.map(({ statusCode }) => statusCode).sort();
  expect(statuses[0]).toBe(204);
  expect([401, 409]).toContain(statuses[1]);
});

test('a user lists and ends their own sign-ins, and never another’s', async ({ call, signedUp, alive }) => {
  const user = await signedUp();
  const phone = await user.again();
  const other = await signedUp();
  const list = async (token: string) =>
    (await call('GET', '/me/sign-ins', undefined, token)).json<{
      signIns: { id: string; current: boolean; createdAt: string; usedAt: string; expiresAt: string }[];
    }>().signIns;
  const signIns = await list(user.accessToken);
  expect(signIns.map(({ current }) => current)).toEqual([false, true]);
  expect(Object.keys(signIns[0]!).sort()).toEqual(['createdAt', 'current', 'expiresAt', 'id', 'usedAt']);
  const end = (id: string, token: string) => call('DELETE', `/me/sign-ins/${id}`, undefined, token);
  const foreign = await end(signIns[0]!.id, other.accessToken);
  expect(foreign.statusCode).toBe(404);
  expect((await end(randomUUID(), user.accessToken)).json()).toEqual({
    ...foreign.json<object>(),
    requestId: expect.any(String) as string,
    instance: expect.any(String) as string,
  });
  expect((await end(signIns[0]!.id, user.accessToken)).statusCode).toBe(204);
  expect(await alive(phone)).toEqual([401, 401]);
  expect(await list(user.accessToken)).toHaveLength(1);
});

test.for(['passwordpassword', 'Password1234', 'tttttttttttt', '123456123456'])(
  'nobody signs up with %j',
  async (password, { call }) => {
    const answer = await call('POST', '/auth/register', { email: `${randomUUID()}@example.com`, password });
    expect(answer.json()).toMatchObject({ code: 'invalid_request', errors: [{ pointer: '/password' }] });
  },
);
