import type { FastifyContextConfig, FastifyInstance } from 'fastify';
import { describe, expect, test } from 'vitest';
import { bareApp, fakeAuthenticator } from '../../testing/bare-app.ts';
import { adminOf, tenantOf, userOf } from './access.ts';

const schema = { hide: true };

/** The smallest valid configuration of a read-only route with this access. */
const configOf = (access: string) =>
  ({
    access,
    ...(access === 'tenant' || access === 'user' ? { scope: 'app' } : {}),
    act: null,
    limit: 'read',
  }) as FastifyContextConfig;

describe('a route with an incomplete declaration stops the start', () => {
  const whole = { access: 'tenant', scope: 'users:write', act: 'user.create', limit: 'write' };
  test.each([
    ['access', undefined],
    ['access', {}],
    ['access', { ...whole, access: 'everybody' }],
    ['scope', { ...whole, scope: undefined }],
    ['scope', { ...whole, scope: 'all' }],
    ['scope', { ...whole, access: 'user', scope: undefined }],
    ['scope', { ...whole, access: 'admin' }],
    ['scope', { ...whole, access: 'public' }],
    ['act', { ...whole, act: undefined }],
    ['act', { ...whole, act: 'create' }],
    ['limit', { ...whole, limit: undefined }],
    ['limit', { ...whole, limit: 'any' }],
  ])('%s: %j', async (missing, config) => {
    const forgetful = (app: FastifyInstance) =>
      void app.post(
        '/forgotten',
        { schema, ...(config === undefined ? {} : { config: config as never }) },
        () => 'open',
      );
    await expect(bareApp(forgetful)).rejects.toThrow(`/forgotten does not declare config.${missing}`);
  });

  test('and one that reads has no act', async () => {
    const odd = (app: FastifyInstance) =>
      void app.get('/odd', { schema, config: whole as never }, () => 'open');
    await expect(bareApp(odd)).rejects.toThrow('/odd does not declare config.act');
  });
});

test('TypeScript refuses a partial or unknown declaration', () => {
  // @ts-expect-error neither act nor limit
  const part: FastifyContextConfig = { access: 'public' };
  const whole = { access: 'tenant', act: null, limit: 'read' } as const;
  // @ts-expect-error no such scope
  const odd: FastifyContextConfig = { ...whole, scope: 'all' };
  expect([part, odd]).toHaveLength(2);
});

test('a key without the route’s scope is refused first, and the refusal names the scope', async () => {
  const authenticator = {
    ...fakeAuthenticator,
    tenant: async (apiKey: string | undefined, source: string | null) => ({
      ...(await fakeAuthenticator.tenant(apiKey, source)),
      key: { id: 'key-1', mode: 'live' as const, scopes: ['users:read' as const] },
    }),
  };
  const { app } = await bareApp(
    (routes) => {
      const config = { access: 'tenant', scope: 'users:write', act: 'user.create', limit: 'write' } as const;
      routes.post('/write', { schema, config }, () => ({ ok: true }));
      routes.get('/read', { schema, config: { ...config, scope: 'users:read', act: null } }, () => ({
        ok: true,
      }));
    },
    { authenticator },
  );
  const headers = { 'x-api-key': 'key', 'content-type': 'application/json' };
  const refused = await app.inject({ method: 'POST', url: '/write', headers, payload: '{' });
  expect(refused.statusCode).toBe(403);
  expect(refused.json()).toMatchObject({
    code: 'insufficient_scope',
    detail: expect.stringContaining('users:write') as string,
  });
  expect((await app.inject({ url: '/read', headers })).statusCode).toBe(200);
  await app.close();
});

describe('a route admits its own kind of principal and no other', () => {
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
        routes.post('/x', { schema, config: configOf(access) }, (request) => {
          seen.push(request.principal?.kind ?? null);
          return { ok: true };
        });
      });
      for (const [name, headers] of Object.entries(credentials)) {
        // The body is malformed JSON. A refused caller must not get far enough to learn that.
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
    tenant: (apiKey: string | undefined, source: string | null) => {
      asked++;
      return fakeAuthenticator.tenant(apiKey, source);
    },
  };
  const routes = (app: FastifyInstance) =>
    void app.get('/x', { schema, config: configOf('tenant') }, () => ({ ok: true }));
  const { app } = await bareApp(routes, { authenticator });
  expect((await app.inject({ method: 'HEAD', url: '/x', headers: { 'x-api-key': 'key' } })).statusCode).toBe(
    200,
  );
  expect((await app.inject({ method: 'HEAD', url: '/x' })).statusCode).toBe(401);
  expect(asked).toBe(2);
  await app.close();
});

test('a handler that asks for a principal its route does not admit throws', async () => {
  const { app, logs } = await bareApp((routes) => {
    const config = configOf('tenant');
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
