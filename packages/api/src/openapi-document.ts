import type { Authenticator } from './platform/access/authenticator.ts';
import type { RateLimiter } from './platform/limits/rate-limiter.ts';
import { buildApp } from './platform/http/app.ts';
import { createLogger } from './platform/observability/logger.ts';
import { registerRoutes, type Services } from './routes.ts';
import { VERSION } from './platform/version.ts';

/** Stands in for a service that is never called, because routes are only registered here. */
function inert<T extends object>(): T {
  const refuse = () => {
    throw new Error('the API is only described here, not served');
  };
  return new Proxy({} as T, { get: refuse });
}

/** The OpenAPI document of the whole API. Deterministic; needs no database. */
export async function buildOpenApi(): Promise<string> {
  const services = Object.fromEntries(
    (
      [
        'users',
        'accounts',
        'recovery',
        'identityProviders',
        'tokenExchange',
        'secondFactor',
        'signInSettings',
        'signingKeys',
        'devices',
        'sessions',
        'serverStatus',
        'clock',
        'tenants',
        'ownTenants',
        'apiKeys',
        'userDirectory',
        'deviceDirectory',
        'operatorApiKeys',
        'servers',
        'plans',
        'doctor',
        'locations',
        'usage',
        'audit',
        'operatorAudit',
        'serverHealth',
        'metrics',
      ] as const
    ).map((name) => [name, inert()]),
  ) as unknown as Omit<Services, 'health'>;
  const health = { clock: services.clock, probes: [], draining: () => false };
  const app = await buildApp({
    logger: createLogger('silent'),
    authenticator: inert<Authenticator>(),
    routes: (routes) => registerRoutes(routes, { ...services, health }),
    translateError: () => null,
    limiter: inert<RateLimiter>(),
    requestsAtOnce: 1,
    corsOrigins: [],
    trustProxy: [],
    publicUrl: '',
    version: VERSION,
  });
  try {
    await app.ready();
    return `${JSON.stringify(app.swagger(), null, 2)}\n`;
  } finally {
    await app.close();
  }
}
