import type { Authenticator } from '../platform/access/authenticator.ts';
import type { KeyGrant } from '../platform/access/grant.ts';
import type { TenantPolicy } from '../platform/access/principal.ts';
import { CVaultError } from '../platform/errors.ts';
import type { FastifyInstance } from 'fastify';
import { type AppOptions, buildApp } from '../platform/http/app.ts';
import { createInProcessRateLimiter } from '../platform/limits/in-process.ts';
import { createLogger } from '../platform/observability/logger.ts';
import { keepLines } from './log-lines.ts';

const policy: TenantPolicy = {
  passwordLengthMin: 12,
  authRateLimit: 3,
  authRateWindowSeconds: 60,
  tenantRateLimit: 60_000,
  keyRateLimit: 60_000,
  userRateLimit: 6_000,
  clientRateLimit: 12_000,
};

const key: KeyGrant = { id: 'key-1', mode: 'live', scopes: null };

/** Knows fixed credentials: the API keys `key` and `other`, the token `token`, the admin key `admin`. */
export const fakeAuthenticator: Authenticator = {
  knows: (apiKey) => apiKey === 'key' || apiKey === 'other',
  tenant: (apiKey) =>
    apiKey === 'key' || apiKey === 'other'
      ? Promise.resolve({ kind: 'tenant', tenantId: `tenant-of-${apiKey}`, key, policy })
      : Promise.reject(new CVaultError('invalid_api_key', 'no')),
  user: (apiKey, token) =>
    apiKey === 'key' && token === 'token'
      ? Promise.resolve({
          kind: 'user',
          tenantId: 'tenant-of-key',
          key,
          policy,
          userId: 'user-1',
          email: 'a@example.com',
          userCreatedAt: new Date(0),
          credentialsEpoch: 0,
          signInId: 'sign-in-1',
        })
      : Promise.reject(new CVaultError('invalid_token', 'no')),
  admin: (token) => {
    if (token !== 'admin') throw new CVaultError('invalid_admin_key', 'no');
    return { kind: 'admin' };
  },
};

/** Only the foundation, with routes of the test's own. */
export async function bareApp(
  routes: (app: FastifyInstance) => void,
  options: Partial<AppOptions> = {},
): Promise<{ app: FastifyInstance; logs: () => string }> {
  const { destination, text } = keepLines();
  const app = await buildApp({
    logger: createLogger('trace', destination),
    authenticator: fakeAuthenticator,
    routes,
    translateError: () => null,
    limiter: createInProcessRateLimiter(),
    requestsAtOnce: 1_000,
    corsOrigins: [],
    trustProxy: [],
    publicUrl: '',
    version: '0.0.0',
    ...options,
  });
  await app.ready();
  return { app, logs: text };
}
