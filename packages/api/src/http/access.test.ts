import type { FastifyInstance } from 'fastify';
import { describe, expect, test } from 'vitest';
import { bareApp, fakeAuthenticator } from '../testing/bare-app.ts';
import { adminOf, tenantOf, userOf } from './access.ts';

const schema = { hide: true };

test('a route that does not say whom it is for ends the start', async () => {
  const forgetful = (app: FastifyInstance) => void app.get('/forgotten', { schema }, () => 'open');
  await expect(bareApp(forgetful)).rejects.toThrow('/forgotten does not declare config.access');
  const other = (app: FastifyInstance) =>
    void app.get('/forgotten', { schema, config: {} as never }, () => 'open');
  await expect(bareApp(other)).rejects.toThrow('/forgotten does not declare config.access');
});

describe('a route lets in whom it is for, and nobody else', () => {
  const credentials = {
    none: {},
    key: { 'x-api-key': 'key' },
    user: { 'x-api-key': 'key', authorization: 'Bearer token' },
    token: { authorization: 'Bearer token' },
    admin: { authorization: 'Bearer admin' },
    basic: { authorization: 'Basic YWRtaW46YWRtaW4=' },
    bare: { authorization: 'admin' },
    twice: { authorization: 'Bearer admin admin' },
  };
  const allowed: Record<string, (keyof typeof credentials)[]> = {
    public: Object.keys(credentials) as (keyof typeof credentials)[],
    tenant: ['key', 'user'],
    user: ['user'],
    admin: ['admin'],
  };

  for (const [access, who] of Object.entries(allowed)) {
    test(access, async () => {
      const seen: unknown[] = [];
      const { app } = await bareApp((routes) => {
        routes.post('/x', { schema, config: { access: access as 'public' } }, (request) => {
          seen.push(request.principal?.kind ?? null);
          return { ok: true };
        });
      });
      for (const [name, headers] of Object.entries(credentials)) {
        // A body that cannot be read: who is not let in must not get as far as being told so.
        const payload = '{';
        const answer = await app.inject({
          method: 'POST',
          url: '/x',
          headers: { ...headers, 'content-type': 'application/json' },
          payload,
        });
        const letIn = who.includes(name as keyof typeof credentials);
        expect(answer.statusCode, name).toBe(letIn ? 400 : 401);
        const whole = await app.inject({ method: 'POST', url: '/x', headers });
        expect(whole.statusCode, name).toBe(letIn ? 200 : 401);
      }
      expect(seen).toEqual(who.map(() => (access === 'public' ? null : access)));
      await app.close();
    });
  }
});

test('a HEAD request is authenticated once', async () => {
  let asked = 0;
  const authenticator = {
    ...fakeAuthenticator,
    tenant: (apiKey: string | undefined) => {
      asked++;
      return fakeAuthenticator.tenant(apiKey);
    },
  };
  const routes = (app: FastifyInstance) =>
    void app.get('/x', { schema, config: { access: 'tenant' } }, () => ({ ok: true }));
  const { app } = await bareApp(routes, { authenticator });
  expect((await app.inject({ method: 'HEAD', url: '/x', headers: { 'x-api-key': 'key' } })).statusCode).toBe(
    200,
  );
  expect((await app.inject({ method: 'HEAD', url: '/x' })).statusCode).toBe(401);
  expect(asked).toBe(2);
  await app.close();
});

test('a handler that asks for another principal than its route lets in gets none', async () => {
  const { app, logs } = await bareApp((routes) => {
    const config = { access: 'tenant' } as const;
    routes.get('/tenant', { schema, config }, (request) => tenantOf(request));
    routes.get('/user', { schema, config }, (request) => userOf(request));
    routes.get('/admin', { schema, config }, (request) => adminOf(request));
  });
  const headers = { 'x-api-key': 'key' };
  expect((await app.inject({ url: '/tenant', headers })).json()).toMatchObject({ tenantId: 'tenant-of-key' });
  expect((await app.inject({ url: '/user', headers })).statusCode).toBe(500);
  expect((await app.inject({ url: '/admin', headers })).statusCode).toBe(500);
  expect(logs()).toContain('a handler wants a principal of kind user');
  await app.close();
});
