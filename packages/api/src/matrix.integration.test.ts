/**
 * Every route × every kind of principal × ids of others, against the control plane as production wires it. A route that is
 * not described in TARGETS fails. What must hold: who may not use a route learns nothing, and what is another's answers
 * exactly what an id answers that never was.
 */
import { randomUUID } from 'node:crypto';
import type { LightMyRequestResponse } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cursorOf } from './http/schemas/pages.ts';
import { createTestDatabase, type TestDatabase } from './testing/database.ts';
import { aKey, aServer } from './testing/fixtures.ts';
import { createWholeApi, type WholeApi } from './testing/whole-api.ts';

let database: TestDatabase;
let api: WholeApi;

type Headers = Record<string, string>;

/** What one tenant has: ids of each kind, and credentials. */
interface Owned {
  readonly ids: Record<string, string>;
  readonly key: Headers;
  readonly weak: Headers;
  readonly user: Headers;
  readonly otherUser: Headers;
}

const serverIds: Partial<Record<Kind, string>> = {};
let acme: Owned;
let globex: Owned;
let tester: Headers;
let testUser: Headers;
let admin: Headers;

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

function send(
  method: Method,
  path: string,
  headers: Headers,
  payload?: object,
): Promise<LightMyRequestResponse> {
  return api.app.inject({
    method,
    url: path,
    headers,
    ...(payload === undefined ? {} : { payload }),
  });
}

async function made<T>(method: Method, path: string, headers: Headers, payload: object): Promise<T> {
  const answer = await send(method, `/api/v1${path}`, headers, payload);
  if (answer.statusCode >= 300) throw new Error(`${path} answered ${answer.statusCode}: ${answer.body}`);
  return answer.json<T>();
}

/** Nobody listens there. */
const HOOK = 'http://127.0.0.1:9/hook';
const PASSWORD = 'correct horse battery staple';

async function aTenant(name: string): Promise<Owned> {
  const tenant = await made<{ id: string }>('POST', '/admin/tenants', admin, {
    name,
    // Far above what is sent here: what stands behind the limits is looked at.
    authRateLimit: 1_000_000,
    authRateWindowSeconds: 1,
  });
  const keyOf = async (body: object) =>
    made<{ id: string; key: string }>('POST', `/admin/tenants/${tenant.id}/api-keys`, admin, {
      name: 'k',
      ...body,
    });
  const key = await keyOf({});
  // Scopes that no route of those below has alone: it opens nothing that wants another one.
  const weak = await keyOf({ scopes: ['audit:read'] });
  const header = { 'x-api-key': key.key };
  const signUp = async (email: string) => {
    const { user, accessToken } = await made<{ user: { id: string }; accessToken: string }>(
      'POST',
      '/auth/register',
      header,
      { email, password: PASSWORD },
    );
    return { id: user.id, headers: { ...header, authorization: `Bearer ${accessToken}` } };
  };
  const [user, other] = [await signUp('one@example.com'), await signUp('two@example.com')];
  const device = await made<{ id: string }>('POST', '/devices', user.headers, { deviceName: 'phone' });
  const session = await made<{ sessionId: string }>('POST', '/vpn/connect', user.headers, {
    deviceId: device.id,
  });
  const hook = await made<{ id: string }>('POST', '/tenant/webhook-endpoints', header, { url: HOOK });
  const provider = await made<{ id: string }>('POST', '/tenant/identity-providers', header, aProvider());
  const { signIns } = (await send('GET', '/api/v1/me/sign-ins', user.headers)).json<{
    signIns: { id: string }[];
  }>();
  return {
    ids: {
      signIn: signIns[0]!.id,
      provider: provider.id,
      endpoint: hook.id,
      tenant: tenant.id,
      key: key.id,
      user: user.id,
      device: device.id,
      session: session.sessionId,
    },
    key: header,
    weak: { 'x-api-key': weak.key },
    user: user.headers,
    otherUser: other.headers,
  };
}

interface Route {
  readonly method: Method;
  readonly url: string;
  readonly access: string;
  readonly scope: string | undefined;
  /** Of its body; null where it takes none. */
  readonly fields: readonly string[] | null;
}
const routes: Route[] = [];

interface Schema {
  readonly $ref?: string;
  readonly properties?: object;
}
interface Document {
  readonly paths: Record<
    string,
    Record<
      string,
      {
        readonly security: readonly object[];
        readonly 'x-scopes'?: readonly string[];
        readonly requestBody?: { readonly content: Record<string, { readonly schema: Schema }> };
      }
    >
  >;
  readonly components: { readonly schemas: Record<string, Schema> };
}

const ACCESS: Readonly<Record<string, string>> = {
  '': 'public',
  ApiKey: 'tenant',
  'ApiKey,UserToken': 'user',
  AdminKey: 'admin',
};

/** The document is made of the routes themselves, and a route that is not declared ends the start. */
function routesOf({ paths, components }: Document): Route[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => {
      const body = operation.requestBody?.content['application/json']?.schema;
      const schema = body?.$ref === undefined ? body : components.schemas[body.$ref.split('/').at(-1)!];
      return {
        method: method.toUpperCase() as Method,
        url: path.replace(/\{(\w+)\}/g, ':$1'),
        access: ACCESS[operation.security.flatMap((schemes) => Object.keys(schemes)).join()]!,
        scope: operation['x-scopes']?.[0],
        fields: schema === undefined ? null : Object.keys(schema.properties ?? {}),
      };
    }),
  );
}

beforeAll(async () => {
  database = await createTestDatabase(20);
  serverIds.server = (await aServer(database)).id;
  api = await createWholeApi(database, { CVAULT_OUTBOUND_ALLOW: '127.0.0.1' });
  routes.push(...routesOf((await send('GET', '/openapi.json', {})).json<Document>()));
  admin = { authorization: `Bearer ${api.adminKey}` };
  await api.cvault.fleet.untilSettled();
  [acme, globex] = [await aTenant('Acme'), await aTenant('Globex')];
  const path = `/admin/tenants/${acme.ids['tenant']!}/api-keys`;
  const test_ = await made<{ key: string }>('POST', path, admin, { name: 't', mode: 'test' });
  tester = { 'x-api-key': test_.key };
  const { accessToken } = await made<{ accessToken: string }>('POST', '/auth/register', tester, {
    email: 'one@example.com',
    password: PASSWORD,
  });
  testUser = { ...tester, authorization: `Bearer ${accessToken}` };
});
afterAll(async () => {
  await api.close();
  await database.close();
});

/** What a route's path names, by parameter; what its body and query name; and a body that it takes. */
interface Target {
  readonly path?: Readonly<Record<string, Kind>>;
  readonly query?: Readonly<Record<string, Kind>>;
  readonly bodyIds?: Readonly<Record<string, Kind>>;
  readonly body?: () => object;
  /** Its cursor is the id of one of these. */
  readonly cursor?: Kind;
}
type Kind =
  | 'tenant'
  | 'key'
  | 'user'
  | 'device'
  | 'session'
  | 'signIn'
  | 'server'
  | 'pool'
  | 'endpoint'
  | 'message'
  | 'provider';

const device = { path: { id: 'device' } } as const;
const user = { path: { id: 'user' } } as const;
const endpoint = { path: { id: 'endpoint' } } as const;
const message = { path: { id: 'endpoint', messageId: 'message' } } as const;
const ownKey = { path: { keyId: 'key' } } as const;
const tenant = { path: { id: 'tenant' } } as const;
const server = { path: { id: 'server' } } as const;
const pool = { path: { id: 'server', poolId: 'pool' } } as const;
const mail = { body: () => ({ email: `${randomUUID()}@example.com` }) } as const;
const newPassword = { body: () => ({ token: 'x', password: PASSWORD }) } as const;
const aProvider = () => ({
  name: 'x',
  issuer: `https://${randomUUID()}.example.com`,
  audiences: ['app'],
  jwksUrl: 'https://id.example.com/jwks',
});
const credentials = () => ({ email: `${randomUUID()}@example.com`, password: PASSWORD });

/** Every route that there is. One that is new stands here before it is merged. */
const TARGETS: Readonly<Record<string, Target>> = {
  'GET /health': {},
  'GET /livez': {},
  'GET /readyz': {},
  'GET /metrics': {},
  'POST /api/v1/auth/register': { body: credentials },
  'POST /api/v1/auth/login': { body: credentials },
  'POST /api/v1/auth/refresh': { body: () => ({ refreshToken: 'x' }) },
  'POST /api/v1/auth/logout': {},
  'POST /api/v1/auth/logout-everywhere': {},
  'POST /api/v1/auth/forgot-password': mail,
  'POST /api/v1/auth/reset-password': newPassword,
  'POST /api/v1/auth/send-verification': mail,
  'POST /api/v1/auth/verify-email': { body: () => ({ token: 'x' }) },
  'POST /api/v1/auth/accept-invitation': newPassword,
  'POST /api/v1/auth/second-factor': { body: () => ({ challengeToken: 'x', code: '000000' }) },
  'POST /api/v1/auth/second-factor/enrol': { body: () => ({ challengeToken: 'x' }) },
  'POST /api/v1/auth/token': {
    body: () => ({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 'x',
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    }),
  },
  'GET /api/v1/me': {},
  'POST /api/v1/me/password': { body: () => ({ currentPassword: 'x', newPassword: PASSWORD }) },
  'GET /api/v1/me/sign-ins': {},
  'DELETE /api/v1/me/sign-ins/:id': { path: { id: 'signIn' } },
  'GET /api/v1/me/second-factor': {},
  'POST /api/v1/me/second-factor': {},
  'POST /api/v1/me/second-factor/confirm': { body: () => ({ code: '000000' }) },
  'POST /api/v1/me/second-factor/remove': { body: () => ({ code: '000000' }) },
  'POST /api/v1/devices': { body: () => ({ deviceName: 'x', publicKey: aKey() }) },
  'GET /api/v1/devices': {},
  'GET /api/v1/devices/:id': device,
  'PATCH /api/v1/devices/:id': { ...device, body: () => ({ deviceName: 'x' }) },
  'POST /api/v1/devices/:id/rotate': { ...device, body: () => ({}) },
  'POST /api/v1/devices/:id/move': { ...device, body: () => ({ region: 'us-east' }) },
  'DELETE /api/v1/devices/:id': device,
  'GET /api/v1/devices/:id/config': device,
  'GET /api/v1/devices/:id/usage': device,
  'GET /api/v1/devices/:id/sessions': { ...device, cursor: 'session' },
  'GET /api/v1/locations': {},
  'POST /api/v1/vpn/connect': { bodyIds: { deviceId: 'device' } },
  'POST /api/v1/vpn/disconnect': { bodyIds: { deviceId: 'device' } },
  'GET /api/v1/vpn/status': {},
  'GET /api/v1/vpn/server/status': {},
  'GET /api/v1/vpn/sessions': { cursor: 'session' },
  'GET /api/v1/usage': {},
  'POST /api/v1/tenant/api-keys': { body: () => ({ name: 'x', scopes: ['app'] }) },
  'GET /api/v1/tenant/api-keys': { cursor: 'key' },
  'GET /api/v1/tenant/api-keys/:keyId': ownKey,
  'POST /api/v1/tenant/api-keys/:keyId/rotate': { ...ownKey, body: () => ({}) },
  'DELETE /api/v1/tenant/api-keys/:keyId': ownKey,
  'POST /api/v1/tenant/users': { body: () => ({ email: `${randomUUID()}@example.com` }) },
  'GET /api/v1/tenant/users': { cursor: 'user' },
  'GET /api/v1/tenant/users/:id': user,
  'PATCH /api/v1/tenant/users/:id': { ...user, body: () => ({ metadata: { a: 'b' } }) },
  'POST /api/v1/tenant/users/:id/suspend': user,
  'POST /api/v1/tenant/users/:id/resume': user,
  'DELETE /api/v1/tenant/users/:id': user,
  'DELETE /api/v1/tenant/users/:id/second-factor': user,
  'POST /api/v1/tenant/users/:id/tokens': user,
  'GET /api/v1/tenant/users/:id/export': user,
  'POST /api/v1/tenant/users/:id/erase': user,
  'POST /api/v1/tenant/invitations': mail,
  'POST /api/v1/tenant/identity-providers': { body: aProvider },
  'GET /api/v1/tenant/identity-providers': {},
  'DELETE /api/v1/tenant/identity-providers/:id': { path: { id: 'provider' } },
  'GET /api/v1/tenant/sign-in-settings': {},
  'PATCH /api/v1/tenant/sign-in-settings': { body: () => ({ verifiedEmailRequired: false }) },
  'GET /api/v1/tenant/audit': {},
  'GET /api/v1/tenant/audit.jsonl': {},
  'GET /api/v1/tenant/devices': { query: { userId: 'user', serverId: 'server' }, cursor: 'device' },
  'GET /api/v1/tenant/devices/:id': device,
  'PATCH /api/v1/tenant/devices/:id': { ...device, body: () => ({ metadata: { a: 'b' } }) },
  'POST /api/v1/tenant/devices/:id/suspend': device,
  'POST /api/v1/tenant/devices/:id/resume': device,
  'DELETE /api/v1/tenant/devices/:id': device,
  'GET /api/v1/tenant/sessions': { query: { userId: 'user', deviceId: 'device' }, cursor: 'session' },
  'GET /api/v1/tenant/usage': { query: { userId: 'user' } },
  'GET /api/v1/tenants/:id/jwks.json': tenant,
  'POST /api/v1/admin/tenants/:id/signing-keys': { ...tenant, body: () => ({}) },
  'POST /api/v1/tenant/webhook-endpoints': { body: () => ({ url: HOOK }) },
  'GET /api/v1/tenant/webhook-endpoints': {},
  'GET /api/v1/tenant/webhook-endpoints/:id': endpoint,
  'PATCH /api/v1/tenant/webhook-endpoints/:id': { ...endpoint, body: () => ({ description: 'x' }) },
  'DELETE /api/v1/tenant/webhook-endpoints/:id': endpoint,
  'POST /api/v1/tenant/webhook-endpoints/:id/rotate-secret': { ...endpoint, body: () => ({}) },
  'POST /api/v1/tenant/webhook-endpoints/:id/test': endpoint,
  'GET /api/v1/tenant/webhook-endpoints/:id/deliveries': endpoint,
  'GET /api/v1/tenant/webhook-endpoints/:id/deliveries/:messageId': message,
  'POST /api/v1/tenant/webhook-endpoints/:id/deliveries/:messageId/replay': message,
  'POST /api/v1/tenant/webhook-endpoints/:id/replay': {
    ...endpoint,
    body: () => ({ since: '2026-01-01T00:00:00Z' }),
  },
  'GET /api/v1/tenant/settings': {},
  'PATCH /api/v1/tenant/settings': { body: () => ({ keyRotationDays: 90 }) },
  'POST /api/v1/admin/tenants': { body: () => ({ name: randomUUID() }) },
  'GET /api/v1/admin/tenants': {},
  'GET /api/v1/admin/tenants/:id': tenant,
  'PATCH /api/v1/admin/tenants/:id': { ...tenant, body: () => ({ keyRotationDays: 90 }) },
  'POST /api/v1/admin/tenants/:id/suspend': tenant,
  'POST /api/v1/admin/tenants/:id/resume': tenant,
  'DELETE /api/v1/admin/tenants/:id': tenant,
  'POST /api/v1/admin/tenants/:id/api-keys': { ...tenant, body: () => ({ name: 'x' }) },
  'GET /api/v1/admin/tenants/:id/api-keys': tenant,
  'POST /api/v1/admin/tenants/:id/api-keys/:keyId/rotate': {
    path: { id: 'tenant', keyId: 'key' },
    body: () => ({}),
  },
  'DELETE /api/v1/admin/tenants/:id/api-keys/:keyId': { path: { id: 'tenant', keyId: 'key' } },
  'GET /api/v1/admin/tenants/:id/users': tenant,
  'PATCH /api/v1/admin/tenants/:id/users/:userId/limits': {
    path: { id: 'tenant', userId: 'user' },
    body: () => ({ deviceLimit: 9 }),
  },
  'GET /api/v1/admin/tenants/:id/sessions': tenant,
  'GET /api/v1/admin/tenants/:id/usage': tenant,
  'POST /api/v1/admin/servers': {
    body: () => ({ name: randomUUID(), region: 'x', endpointHost: '203.0.113.7', sshHost: '203.0.113.7' }),
  },
  'GET /api/v1/admin/servers': {},
  'GET /api/v1/admin/servers/:id': server,
  'POST /api/v1/admin/servers/:id/activate': {
    ...server,
    body: () => ({ interfacePublicKey: aKey(), hostKeys: ['ssh-ed25519 AAAA'] }),
  },
  'POST /api/v1/admin/servers/:id/test': server,
  'POST /api/v1/admin/servers/:id/drain': server,
  'POST /api/v1/admin/servers/:id/disable': server,
  'POST /api/v1/admin/servers/:id/enable': server,
  'PATCH /api/v1/admin/servers/:id': { ...server, body: () => ({ weight: 50 }) },
  'POST /api/v1/admin/servers/:id/evacuate': { ...server, body: () => ({}) },
  'GET /api/v1/admin/servers/:id/evacuation': server,
  'DELETE /api/v1/admin/servers/:id': server,
  'GET /api/v1/admin/servers/:id/pools': server,
  'POST /api/v1/admin/servers/:id/pools': { ...server, body: () => ({ cidr: '10.9.0.0/24' }) },
  'PATCH /api/v1/admin/servers/:id/pools/:poolId': { ...pool, body: () => ({ cidr: '10.9.0.0/23' }) },
  'DELETE /api/v1/admin/servers/:id/pools/:poolId': pool,
  'GET /api/v1/admin/servers/:id/health': server,
  'GET /api/v1/admin/servers/:id/usage': server,
  'GET /api/v1/admin/doctor': {},
  'GET /api/v1/admin/audit': {},
  'GET /api/v1/admin/audit.jsonl': {},
  'GET /api/v1/admin/audit/verification': {},
  'GET /api/v1/admin/master-key': {},
  'POST /api/v1/admin/master-key/rotate': {},
};

const nameOf = ({ method, url }: Route) => `${method} ${url}`;
const targetOf = (route: Route): Target => TARGETS[nameOf(route)] ?? {};

function pathOf({ url }: Route, { path = {} }: Target, idOf: (kind: Kind) => string): string {
  return url.replace(/:(\w+)/g, (_whole, name: string) => idOf(path[name] ?? 'tenant'));
}

/** What of an answer may differ between two ids: the ids themselves, and what is new each time. */
function comparable({ statusCode, headers, body }: LightMyRequestResponse, ids: readonly string[]): unknown {
  let text = body;
  for (const id of [...ids, ...ids.map(cursorOf)]) text = text.replaceAll(id, '<id>');
  const withoutRequest = text.replace(/"requestId":"[^"]*"/, '"requestId":"<request>"');
  return { statusCode, type: headers['content-type'], body: withoutRequest };
}

const counts = { routes: 0, principals: 0, foreign: 0, fields: 0 };
afterAll(() => {
  process.stdout.write(
    `matrix: ${counts.routes} routes; ${counts.principals} calls by wrong principals, ${counts.foreign} with ids of ` +
      `others, ${counts.fields} with fields that are the server’s\n`,
  );
});

test('every route is in the table, and the table has no other', () => {
  counts.routes = routes.length;
  expect([...new Set(routes.map(nameOf))].sort()).toEqual(Object.keys(TARGETS).sort());
});

test('who may not use a route is refused, whatever it names, and learns nothing', async () => {
  const principals = (): Record<
    string,
    { headers: Headers; may: (route: Route) => boolean; status: readonly number[] }
  > => ({
    none: { headers: {}, may: () => false, status: [401] },
    nonsense: {
      headers: { 'x-api-key': `cv_live_${'x'.repeat(51)}`, authorization: 'Bearer x' },
      may: () => false,
      status: [401],
    },
    'key alone': { headers: acme.key, may: ({ access }) => access === 'tenant', status: [401] },
    'key without the scope': {
      headers: { ...acme.user, ...acme.weak },
      may: ({ scope }) => scope === 'audit:read',
      status: [401, 403],
    },
    user: { headers: acme.user, may: ({ access }) => access !== 'admin', status: [401] },
    'key of one, token of another': {
      headers: { ...globex.user, ...acme.key },
      may: ({ access }) => access === 'tenant',
      status: [401],
    },
    'test key, live token': {
      headers: { ...acme.user, ...tester },
      may: ({ access }) => access === 'tenant',
      status: [401],
    },
    admin: { headers: admin, may: ({ access }) => access === 'admin', status: [401] },
  });
  const cases = Object.entries(principals());
  for (const route of routes) {
    if (route.access === 'public') continue;
    const target = targetOf(route);
    for (const [who, { headers, may, status }] of cases) {
      if (may(route)) continue;
      const real = pathOf(route, target, (kind) => acme.ids[kind] ?? serverIds[kind] ?? randomUUID());
      const answer = await send(route.method, real, headers, target.body?.());
      expect(status, `${nameOf(route)} by ${who}: ${answer.body}`).toContain(answer.statusCode);
      const strange = pathOf(route, target, () => randomUUID());
      const other = await send(route.method, strange, headers, target.body?.());
      const ids = [...real.split('/'), ...strange.split('/')].filter((part) => part.length === 36);
      expect(comparable(answer, ids), nameOf(route)).toEqual(comparable(other, ids));
      counts.principals += 2;
    }
  }
});

/** Who calls, and whose ids they name. */
const strangers = (): readonly [access: string, who: string, headers: Headers, owner: Owned][] => [
  ['user', 'a user of another tenant', globex.user, acme],
  ['user', 'another user of the same tenant', acme.otherUser, acme],
  ['user', 'a user of the other mode', testUser, acme],
  ['tenant', 'another tenant', globex.key, acme],
  ['tenant', 'the tenant’s test key', tester, acme],
];

test('what is another’s answers what an id answers that never was: in path, query, body and cursor', async () => {
  const before = await snapshot();
  for (const route of routes) {
    const target = targetOf(route);
    for (const [access, who, headers, owner] of strangers()) {
      if (route.access !== access) continue;
      const compare = async (
        of: (idOf: (kind: Kind) => string) => [path: string, body: object | undefined],
      ) => {
        const used: string[] = [];
        const use = (id: string) => {
          used.push(id);
          return id;
        };
        const [foreignPath, foreignBody] = of((kind) =>
          use(owner.ids[kind] ?? serverIds[kind] ?? randomUUID()),
        );
        const [randomPath, randomBody] = of(() => use(randomUUID()));
        const foreign = await send(route.method, foreignPath, headers, foreignBody);
        const random = await send(route.method, randomPath, headers, randomBody);
        expect(comparable(foreign, used), `${nameOf(route)} by ${who}`).toEqual(comparable(random, used));
        counts.foreign += 2;
      };
      if (target.path !== undefined) {
        await compare((idOf) => [pathOf(route, target, idOf), target.body?.()]);
      }
      for (const [name, kind] of Object.entries(target.query ?? {})) {
        // VPN servers are everybody's: a filter by one is no id of another's.
        if (kind !== 'server')
          await compare((idOf) => [`${pathOf(route, target, idOf)}?${name}=${idOf(kind)}`, undefined]);
      }
      for (const [name, kind] of Object.entries(target.bodyIds ?? {})) {
        await compare((idOf) => [pathOf(route, target, idOf), { [name]: idOf(kind) }]);
      }
      if (target.cursor === 'session' && target.path === undefined) {
        const kind = target.cursor;
        await compare((idOf) => [`${pathOf(route, target, idOf)}?cursor=${cursorOf(idOf(kind))}`, undefined]);
      }
    }
  }
  expect(await snapshot()).toEqual(before);
});

/** Everything of Acme that a stranger could have changed. */
async function snapshot(): Promise<unknown> {
  const read = async (sql: string) =>
    (await database.pool.query(sql, [acme.ids['tenant']])).rows as unknown[];
  return [
    await read(
      'SELECT id, name, state, generation, holds, metadata, external_id FROM devices WHERE tenant_id = $1 ORDER BY id',
    ),
    await read(
      'SELECT id, email, state, mode, metadata, external_id FROM tenant_users WHERE tenant_id = $1 ORDER BY id',
    ),
    await read('SELECT id, name, revoked_at, expires_at FROM api_keys WHERE tenant_id = $1 ORDER BY id'),
    await read('SELECT id, state, closed_at FROM sessions WHERE tenant_id = $1 ORDER BY id'),
  ];
}

test('a list that goes on after another tenant’s row shows none of it', async () => {
  for (const route of routes) {
    const { cursor } = targetOf(route);
    if (cursor === undefined || cursor === 'session' || route.access !== 'tenant') continue;
    const answer = await send('GET', `${route.url}?cursor=${cursorOf(acme.ids[cursor]!)}`, globex.key);
    expect(answer.statusCode, answer.body).toBe(200);
    for (const id of Object.values(acme.ids)) expect(answer.body).not.toContain(id);
    counts.foreign++;
  }
});

test('another principal’s Idempotency-Key replays nothing', async () => {
  const key = { 'idempotency-key': randomUUID() };
  const body = { deviceName: 'mine', publicKey: aKey() };
  const own = await send('POST', '/api/v1/devices', { ...acme.user, ...key }, body);
  expect(own.statusCode, own.body).toBe(201);
  for (const headers of [acme.otherUser, globex.user, testUser]) {
    const answer = await send('POST', '/api/v1/devices', { ...headers, ...key }, body);
    expect(answer.headers['idempotent-replayed']).toBeUndefined();
    expect(answer.json()).toMatchObject({ code: 'public_key_taken' });
    counts.foreign++;
  }
});

describe('no request sets what is the server’s', () => {
  test('every column of the database, __proto__ and constructor on every write: 400', async () => {
    const { rows } = await database.pool.query<{ name: string }>(
      "SELECT DISTINCT column_name AS name FROM information_schema.columns WHERE table_schema = 'public'",
    );
    const camel = (name: string) => name.replace(/_(\w)/g, (_whole, letter: string) => letter.toUpperCase());
    const columns = [...new Set(rows.flatMap(({ name }) => [name, camel(name)]))];
    const headersOf: Readonly<Record<string, Headers>> = { tenant: acme.key, user: acme.user, admin };
    const before = await snapshot();
    for (const route of routes) {
      const headers = headersOf[route.access];
      if (headers === undefined || route.fields === null) continue;
      const target = targetOf(route);
      const ids = Object.fromEntries(Object.keys(target.bodyIds ?? {}).map((name) => [name, randomUUID()]));
      const body = { ...ids, ...target.body?.() };
      const path = pathOf(route, target, () => randomUUID());
      const others = columns.filter((column) => !route.fields!.includes(column));
      // All at once: each is named in the answer, up to what an answer names.
      for (let at = 0; at < others.length; at += 40) {
        const extra = Object.fromEntries(others.slice(at, at + 40).map((column) => [column, 'x']));
        const answer = await send(route.method, path, headers, { ...body, ...extra });
        expect(answer.statusCode, `${nameOf(route)}: ${answer.body}`).toBe(400);
        counts.fields += Object.keys(extra).length;
      }
      for (const text of ['{"__proto__":{"admin":true}}', '{"constructor":{"prototype":{"admin":true}}}']) {
        const answer = await api.app.inject({
          method: route.method,
          url: path,
          headers: { ...headers, 'content-type': 'application/json' },
          payload: text,
        });
        expect(answer.statusCode, `${nameOf(route)}: ${answer.body}`).toBe(400);
        counts.fields++;
      }
    }
    expect(await snapshot()).toEqual(before);
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
  });
});

test('no answer says more than its schema, and none holds a secret of the platform', async () => {
  const secrets = await database.pool.query<{ text: string }>(
    `SELECT encode(key_hash, 'base64') AS text FROM api_keys UNION SELECT password_hash FROM tenant_users
     WHERE password_hash IS NOT NULL UNION SELECT encode(private_key, 'base64') FROM devices WHERE private_key IS NOT NULL`,
  );
  for (const route of routes) {
    const headers = { tenant: acme.key, user: acme.user, admin, public: {} }[route.access] ?? {};
    if (route.method !== 'GET') continue;
    const answer = await send(
      'GET',
      pathOf(route, targetOf(route), (kind) => acme.ids[kind] ?? serverIds[kind] ?? randomUUID()),
      headers,
    );
    for (const { text } of secrets.rows) expect(answer.body.includes(text), nameOf(route)).toBe(false);
    // The copy of everything about a person has the database's own names; what it leaves out has tests of its own.
    if (route.url.endsWith('/export')) continue;
    for (const word of [
      '"tenant_id"',
      '"password',
      '"passwordHash"',
      '"keyHash"',
      '"sealed',
      '"sshPrivateKey"',
    ])
      if (!(word === '"password' && answer.body.includes('"passwordLengthMin"')))
        expect(answer.body.includes(word), `${nameOf(route)} ${word}`).toBe(false);
    if (!route.url.endsWith('/config')) expect(answer.body, nameOf(route)).not.toContain('PrivateKey');
  }
});
