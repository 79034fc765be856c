import { randomUUID } from 'node:crypto';
import { aKey } from '../testing/fixtures.ts';
import { nameOf, type Route } from './routes.ts';

export const PASSWORD = 'correct horse battery staple';
/** Nobody listens there. */
export const HOOK = 'http://127.0.0.1:9/hook';

/** The ids in a route's path, body and query, by name, and a valid body. */
export interface Target {
  readonly path?: Readonly<Record<string, Kind>>;
  readonly query?: Readonly<Record<string, Kind>>;
  readonly bodyIds?: Readonly<Record<string, Kind>>;
  readonly body?: () => object;
  /** The kind of id that its cursor holds. */
  readonly cursor?: Kind;
}
export type Kind =
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
export const aProvider = () => ({
  name: 'x',
  issuer: `https://${randomUUID()}.example.com`,
  audiences: ['app'],
  jwksUrl: 'https://id.example.com/jwks',
});
const credentials = () => ({ email: `${randomUUID()}@example.com`, password: PASSWORD });

/** Every route. A new one is added here before it is merged. */
export const TARGETS: Readonly<Record<string, Target>> = {
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
  'GET /api/v1/admin/servers/:id/installation': server,
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
  'GET /api/v1/admin/events': {},
  'GET /api/v1/admin/doctor': {},
  'GET /api/v1/admin/audit': {},
  'GET /api/v1/admin/audit.jsonl': {},
  'GET /api/v1/admin/audit/verification': {},
  'GET /api/v1/admin/jobs': {},
  'GET /api/v1/admin/master-key': {},
  'POST /api/v1/admin/master-key/rotate': {},
};

export const targetOf = (route: Route): Target => TARGETS[nameOf(route)] ?? {};

/** A route's path with ids filled in. */
export function pathOf({ url }: Route, { path = {} }: Target, idOf: (kind: Kind) => string): string {
  return url.replace(/:(\w+)/g, (_whole, name: string) => idOf(path[name] ?? 'tenant'));
}
