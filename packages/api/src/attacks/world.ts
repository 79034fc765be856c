/**
 * The targets of the attacks: the control plane as production wires it, two tenants with one of everything, and
 * callers of every kind.
 */
import type { LightMyRequestResponse } from 'fastify';
import { cursorOf } from '../platform/http/schemas/pages.ts';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { aServer } from '../testing/fixtures.ts';
import { createWholeApi, type WholeApi } from '../testing/whole-api.ts';
import { type Method, type OpenApiDocument, type Route, routesOf } from './routes.ts';
import { aProvider, HOOK, PASSWORD } from './targets.ts';

export type Headers = Readonly<Record<string, string>>;

/** A tenant's ids of each kind, and its credentials. */
export interface Owned {
  readonly ids: Readonly<Record<string, string>>;
  readonly key: Headers;
  /** A key with one scope, which few routes accept. */
  readonly weak: Headers;
  readonly user: Headers;
  readonly otherUser: Headers;
}

export interface World {
  readonly database: TestDatabase;
  readonly api: WholeApi;
  readonly routes: readonly Route[];
  readonly acme: Owned;
  readonly globex: Owned;
  readonly admin: Headers;
  /** Acme’s test key, and a user who signed up with it. */
  readonly tester: Headers;
  readonly testUser: Headers;
  send(method: Method, path: string, headers: Headers, payload?: object): Promise<LightMyRequestResponse>;
  /** Acme's valid credentials for a route. */
  rightful(route: Route): Headers;
  /** Everything of Acme's that an attack could change. */
  snapshot(): Promise<unknown>;
  close(): Promise<void>;
}

type Send = World['send'];

async function made<T>(send: Send, path: string, headers: Headers, payload: object): Promise<T> {
  const answer = await send('POST', `/api/v1${path}`, headers, payload);
  if (answer.statusCode >= 300) throw new Error(`${path} answered ${answer.statusCode}: ${answer.body}`);
  return answer.json<T>();
}

/** Far above the number of requests, so that limits do not hide what is behind them. */
const LIMITS = { authRateLimit: 1_000_000, authRateWindowSeconds: 1 };

async function aTenant(send: Send, admin: Headers, name: string): Promise<Owned> {
  const tenant = await made<{ id: string }>(send, '/admin/tenants', admin, { name, ...LIMITS });
  const keyOf = (body: object) =>
    made<{ id: string; key: string }>(send, `/admin/tenants/${tenant.id}/api-keys`, admin, {
      name: 'k',
      ...body,
    });
  const key = await keyOf({});
  const weak = await keyOf({ scopes: ['audit:read'] });
  const backend = { 'x-api-key': key.key };
  const signUp = async (email: string) => {
    const { user, accessToken } = await made<{ user: { id: string }; accessToken: string }>(
      send,
      '/auth/register',
      backend,
      { email, password: PASSWORD },
    );
    return { id: user.id, headers: { ...backend, authorization: `Bearer ${accessToken}` } };
  };
  const [user, other] = [await signUp('one@example.com'), await signUp('two@example.com')];
  const device = await made<{ id: string }>(send, '/devices', user.headers, { deviceName: 'phone' });
  const { sessionId } = await made<{ sessionId: string }>(send, '/vpn/connect', user.headers, {
    deviceId: device.id,
  });
  const endpoint = await made<{ id: string }>(send, '/tenant/webhook-endpoints', backend, { url: HOOK });
  const provider = await made<{ id: string }>(send, '/tenant/identity-providers', backend, aProvider());
  const { signIns } = (await send('GET', '/api/v1/me/sign-ins', user.headers)).json<{
    signIns: { id: string }[];
  }>();
  return {
    ids: {
      signIn: signIns[0]!.id,
      provider: provider.id,
      endpoint: endpoint.id,
      tenant: tenant.id,
      key: key.id,
      user: user.id,
      device: device.id,
      session: sessionId,
    },
    key: backend,
    weak: { 'x-api-key': weak.key },
    user: user.headers,
    otherUser: other.headers,
  };
}

/** A test key of a tenant, and a user of its mode. */
async function aTester(send: Send, admin: Headers, { ids }: Owned): Promise<[Headers, Headers]> {
  const path = `/admin/tenants/${ids['tenant']!}/api-keys`;
  const { key } = await made<{ key: string }>(send, path, admin, { name: 't', mode: 'test' });
  const tester = { 'x-api-key': key };
  const { accessToken } = await made<{ accessToken: string }>(send, '/auth/register', tester, {
    email: 'one@example.com',
    password: PASSWORD,
  });
  return [tester, { ...tester, authorization: `Bearer ${accessToken}` }];
}

const SNAPSHOT = [
  'SELECT id, name, state, generation, holds, metadata, external_id FROM devices WHERE tenant_id = $1 ORDER BY id',
  'SELECT id, email, state, mode, metadata, external_id FROM tenant_users WHERE tenant_id = $1 ORDER BY id',
  'SELECT id, name, revoked_at, expires_at FROM api_keys WHERE tenant_id = $1 ORDER BY id',
  'SELECT id, state, closed_at FROM sessions WHERE tenant_id = $1 ORDER BY id',
  'SELECT id, url, description, events, disabled_reason FROM webhook_endpoints WHERE tenant_id = $1 ORDER BY id',
  'SELECT id, issuer FROM identity_providers WHERE tenant_id = $1 ORDER BY id',
  'SELECT to_jsonb(t) AS tenant FROM tenants t WHERE id = $1',
];

export async function createWorld(): Promise<World> {
  const database = await createTestDatabase(20);
  const server = await aServer(database);
  const api = await createWholeApi(database, { CVAULT_OUTBOUND_ALLOW: '127.0.0.1' });
  const send: Send = (method, url, headers, payload) =>
    api.app.inject({ method, url, headers: { ...headers }, ...(payload === undefined ? {} : { payload }) });
  const routes = routesOf((await send('GET', '/openapi.json', {})).json<OpenApiDocument>());
  const admin = { authorization: `Bearer ${api.adminKey}` };
  await api.cvault.fleet.untilSettled();
  const own = async (name: string): Promise<Owned> => {
    const owned = await aTenant(send, admin, name);
    // VPN servers are shared.
    return { ...owned, ids: { ...owned.ids, server: server.id } };
  };
  const [acme, globex] = [await own('Acme'), await own('Globex')];
  const [tester, testUser] = await aTester(send, admin, acme);
  const headersOf: Readonly<Record<string, Headers>> = { tenant: acme.key, user: acme.user, admin };
  return {
    database,
    api,
    routes,
    acme,
    globex,
    admin,
    tester,
    testUser,
    send,
    rightful: ({ access }) => headersOf[access] ?? {},
    snapshot: () =>
      Promise.all(
        SNAPSHOT.map(async (sql) => (await database.pool.query(sql, [acme.ids['tenant']])).rows as unknown[]),
      ),
    async close() {
      await api.close();
      await database.close();
    },
  };
}

/** An answer without its legitimate differences between two ids: the ids themselves and the request id. */
export function comparable(
  { statusCode, headers, body }: LightMyRequestResponse,
  ids: readonly string[],
): unknown {
  let text = body;
  for (const id of [...ids, ...ids.map(cursorOf)]) text = text.replaceAll(id, '<id>');
  const withoutRequest = text.replace(/"requestId":"[^"]*"/, '"requestId":"<request>"');
  return { statusCode, type: headers['content-type'], body: withoutRequest };
}
