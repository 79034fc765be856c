/**
 * The whole API behind a proxy: below the path of a public URL, with client addresses as cloud load balancers write
 * them.
 */
import { decodeJwt } from 'jose';
import { describe, expect } from 'vitest';
import { aServer } from '../../testing/fixtures.ts';
import { type SignedInUser, signUp } from '../../testing/whole-api.ts';
import { test as base } from '../../testing/test-with-whole-api.ts';

const PASSWORD = 'correct horse battery staple';

const test = base
  .extend('servers', { scope: 'file' }, async ({ database }) => [
    await aServer(database, { region: 'us-east' }),
  ])
  .extend(
    'environment',
    { scope: 'file' },
    {
      CVAULT_PUBLIC_URL: 'https://example.org/vpn',
      // Injected requests come from 127.0.0.1.
      TRUST_PROXY: '127.0.0.0/8',
    },
  )
  .extend('alice', { scope: 'file' }, ({ api }) => signUp(api, 'Acme'))
  .extend(
    'get',
    ({ api }) =>
      (url: string, headers: Record<string, string> = {}) =>
        api.app.inject({ url, headers }),
  )
  .extend(
    'from',
    ({ api }) =>
      (client: string, key: string, path: string, payload: object) =>
        api.app.inject({
          method: 'POST',
          url: `/api/v1${path}`,
          headers: { 'x-api-key': key, 'x-forwarded-for': client },
          payload,
        }),
  )
  .extend(
    'signIn',
    ({ from }) =>
      (tenant: SignedInUser, client: string, password = PASSWORD) =>
        from(client, tenant.headers['x-api-key']!, '/auth/login', { email: 'someone@example.com', password }),
  )
  .extend(
    'admin',
    ({ api }) =>
      (method: 'POST' | 'PATCH', path: string, payload: object) =>
        api.app.inject({
          method,
          url: `/api/v1/admin${path}`,
          headers: { authorization: `Bearer ${api.adminKey}` },
          payload,
        }),
  );

describe('a public URL with a path', () => {
  test.for(['', '/vpn'])(
    'is in Location and tokens, and leads to what was made; asked below %j',
    async (prefix, { api, alice, get }) => {
      const registered = await api.app.inject({
        method: 'POST',
        url: `${prefix}/api/v1/devices`,
        headers: { ...alice.headers },
        payload: { deviceName: 'phone' },
      });
      expect(registered.statusCode, registered.body).toBe(201);
      const { location } = registered.headers;
      expect(location).toBe(`/vpn/api/v1/devices/${registered.json<{ id: string }>().id}`);
      expect((await get(location as string, { ...alice.headers })).statusCode).toBe(200);
      const token = alice.headers['authorization']!.replace('Bearer ', '');
      const { iss } = decodeJwt(token);
      expect(iss).toBe(`https://example.org/vpn/api/v1/tenants/${alice.tenantId}`);
      const keys = await get(`${iss!.replace('https://example.org/vpn', prefix)}/jwks.json`);
      expect(keys.statusCode, keys.body).toBe(200);
    },
  );

  test.for(['', '/vpn'])('is in the documents; asked below %j', async (prefix, { get }) => {
    const { servers } = (await get(`${prefix}/openapi.json`)).json<{ servers: unknown }>();
    expect(servers).toEqual([{ url: 'https://example.org/vpn' }]);
    const page = await get(`${prefix}/docs`);
    expect(page.statusCode).toBe(200);
    const files = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url!);
    expect(files.length).toBeGreaterThan(1);
    for (const file of files) {
      const { pathname } = new URL(file, 'https://example.org/vpn/docs');
      expect(pathname).toMatch(/^\/vpn\/docs\//);
      expect((await get(pathname)).statusCode, pathname).toBe(200);
    }
    const problem = (await get(`${prefix}/api/v1/devices`)).json<{ type: string; instance: string }>();
    expect(problem).toMatchObject({
      type: 'https://example.org/vpn/docs/errors#missing_api_key',
      instance: '/vpn/api/v1/devices',
    });
  });

  test('does not match other paths with the same prefix', async ({ get }) => {
    expect((await get('/vpnx/openapi.json')).statusCode).toBe(404);
    expect((await get('/vpn/vpn/openapi.json')).statusCode).toBe(404);
  });
});

describe('X-Forwarded-For with ports and brackets', () => {
  test.for([
    ['an IPv4 address with ports', (n: number) => `203.0.113.61:${40_000 + n}`, '203.0.113.62:40001'],
    ['an IPv6 address in brackets', (n: number) => `[2001:db8:1::1]:${n + 1}`, '[2001:db8:2::1]:1'],
    ['what the client puts in front', (n: number) => `9.9.9.${n}:7, 203.0.113.63:${n + 1}`, '203.0.113.64:1'],
  ] as const)(
    '%s is one client to the rate limit, and another is another',
    async ([what, one, other], { api, signIn, admin }) => {
      const tenant = await signUp(api, `limits: ${what}`);
      await admin('PATCH', `/tenants/${tenant.tenantId}`, { authRateLimit: 3 });
      const statuses = [];
      for (let n = 0; n < 5; n++) statuses.push((await signIn(tenant, one(n))).statusCode);
      expect(statuses).toEqual([200, 200, 200, 429, 429]);
      expect((await signIn(tenant, other)).statusCode).toBe(200);
    },
  );

  test('ten wrong passwords from one client on ten ports lock nobody else out', async ({ api, signIn }) => {
    const tenant = await signUp(api, 'guesses');
    for (let n = 0; n < 12; n++)
      await signIn(tenant, `198.51.100.9:${50_000 + n}`, 'a wrong password of some length');
    expect((await signIn(tenant, '198.51.100.9:60000')).statusCode).toBe(429);
    expect((await signIn(tenant, '198.51.100.10:60000')).statusCode).toBe(200);
  });

  test.for([
    ['198.51.100.7', '198.51.100.7:40001', '198.51.100.8:40001'],
    ['2001:db8:7::/48', '[2001:db8:7::1]:443', '[2001:db8:8::1]:443'],
  ] as const)(
    'a key that may be used from %s is used from %s, and not from %s',
    async ([source, inside, outside], { api, alice, admin }) => {
      const made = await admin('POST', `/tenants/${alice.tenantId}/api-keys`, {
        name: 'bound',
        mode: 'live',
        allowedSources: [source],
      });
      const { key } = made.json<{ key: string }>();
      const ask = (client: string) =>
        api.app.inject({
          url: '/api/v1/tenant/users',
          headers: { 'x-api-key': key, 'x-forwarded-for': client },
        });
      expect((await ask(inside)).statusCode).toBe(200);
      expect((await ask(outside)).json()).toMatchObject({ status: 403, code: 'source_not_allowed' });
    },
  );

  test('are trusted only from the proxies', async ({ api, admin }) => {
    const tenant = await signUp(api, 'strangers');
    await admin('PATCH', `/tenants/${tenant.tenantId}`, { authRateLimit: 3 });
    const statuses = [];
    for (let n = 0; n < 4; n++) {
      const answer = await api.app.inject({
        method: 'POST',
        url: '/api/v1/auth/login',
        remoteAddress: '192.0.2.1',
        headers: { 'x-api-key': tenant.headers['x-api-key']!, 'x-forwarded-for': `203.0.113.${n}:1` },
        payload: { email: 'someone@example.com', password: PASSWORD },
      });
      statuses.push(answer.statusCode);
    }
    expect(statuses).toEqual([200, 200, 200, 429]);
  });
});
