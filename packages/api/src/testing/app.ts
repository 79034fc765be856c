import { randomBytes } from 'node:crypto';
import { createApiKeyService } from '../api-keys/service.ts';
import type { PeerPush } from '../devices/ports.ts';
import type { Mailer } from '../mail/mail.ts';
import { generateApiKey } from '../platform/access/api-key.ts';
import { createAuthenticator } from '../platform/access/authenticator.ts';
import { systemClock } from '../platform/clock.ts';
import { Secret } from '../platform/crypto/secret.ts';
import { createVault } from '../platform/crypto/vault.ts';
import { newId } from '../platform/ids.ts';
import type { RateLimiter } from '../platform/limits/rate-limiter.ts';
import { createTenantService } from '../tenants/service.ts';
import type { FastifyInstance } from 'fastify';
import { accountRoutes } from '../sign-in/account-routes.ts';
import { healthRoutes, type Probe } from '../health/routes.ts';
import { authRoutes } from '../sign-in/routes.ts';
import { identityProviderRoutes } from '../identity-providers/routes.ts';
import { tokenRoutes } from '../identity-providers/token-routes.ts';
import { linkRoutes } from '../mail-links/routes.ts';
import { signInSettingsRoutes } from '../sign-in/settings-routes.ts';
import { meRoutes } from '../users/me-routes.ts';
import { publishedKeyRoutes, signingKeyRoutes } from '../signing-keys/routes.ts';
import { secondFactorRoutes } from '../second-factors/routes.ts';
import { apiKeyRoutes } from '../api-keys/routes.ts';
import { tenantApiKeyRoutes } from '../api-keys/tenant-routes.ts';
import { tenantRoutes } from '../tenants/routes.ts';
import { type AppOptions, buildApp } from '../platform/http/app.ts';
import { buildIdentity, type Identity } from '../sign-in/wiring.ts';
import { createInProcessRateLimiter } from '../platform/limits/in-process.ts';
import { createLogger } from '../platform/observability/logger.ts';
import { createOutboundHttp } from '../platform/outbound/http.ts';
import { createResolver } from '../platform/outbound/resolver.ts';
import { translatePostgresError } from '../platform/db/errors.ts';
import { createIdempotencyStore } from '../platform/idempotency/store.ts';
import { createIdentityStore } from '../platform/access/identities.ts';
import { createApiKeyStore } from '../api-keys/store.ts';
import { createKeyUses } from '../api-keys/key-uses.ts';
import { createTenantStore } from '../tenants/store.ts';
import type { TestDatabase } from './database.ts';
import { keepLines } from './log-lines.ts';
import { strictItems } from './items.ts';

export const ADMIN_KEY = 'cv_admin_Zk3vQ9pLr7TnXw2bYc8HdJf5sMgA1eRu6KiOtNhVyPq';

/** bcrypt's minimum: these tests are not about its cost. */
const TEST_COST = 4;

export interface TestApp {
  readonly app: FastifyInstance;
  /** All log output. */
  readonly logs: () => string;
  readonly signingKeys: Identity['services']['signingKeys'];
  readonly periodic: { readonly [K in keyof Identity['jobs']]: () => Promise<unknown> };
  readonly masterKey: Secret<Buffer>;
  close(): Promise<void>;
}

export interface TestAppOptions extends Partial<
  Pick<AppOptions, 'corsOrigins' | 'trustProxy' | 'publicUrl'>
> {
  readonly peers?: Pick<PeerPush, 'wake'>;
  readonly limiter?: RateLimiter;
  /** Random by default. Two applications on one database share one. */
  readonly masterKey?: Secret<Buffer>;
  /** Non-public addresses that may be reached. */
  readonly outboundAllow?: readonly string[];
  /** By default, no mail is sent. */
  readonly mailer?: Mailer;
  readonly probes?: readonly Probe[];
  readonly draining?: () => boolean;
  readonly requestsAtOnce?: number;
  /** Additional routes, to test the foundation. */
  readonly routes?: (app: FastifyInstance) => void;
}

/** The application with its services, on the test's own database. */
export async function createTestApp(database: TestDatabase, options: TestAppOptions = {}): Promise<TestApp> {
  const { destination, text } = keepLines();
  const masterKey = options.masterKey ?? new Secret(randomBytes(32));
  const vault = createVault({ version: 1, key: masterKey });
  const log = createLogger('trace', destination);
  const { accessTokens, services, jobs } = buildIdentity({
    requests: database.as('cvault_api'),
    jobs: database.as('cvault_jobs'),
    vault,
    masterKey,
    bcryptCost: TEST_COST,
    publicUrl: options.publicUrl ?? '',
    mailer: options.mailer ?? null,
    outbound: createOutboundHttp({ allow: options.outboundAllow ?? [], resolve: createResolver() }),
    log,
  });
  const { users, signingKeys } = services;
  const tenants = createTenantService({
    tenants: createTenantStore(database.as('cvault_operator')),
    peers: options.peers ?? { wake: () => undefined },
  });
  const apiKeys = createApiKeyService({
    apiKeys: createApiKeyStore(database.as('cvault_operator')),
    prepareTestMode: () => Promise.resolve(),
  });
  const limiter = options.limiter ?? createInProcessRateLimiter();
  const app = await buildApp({
    logger: log,
    authenticator: createAuthenticator({
      identities: createIdentityStore(database.as('cvault_authenticator')),
      accessTokens,
      adminKey: new Secret(ADMIN_KEY),
      keyUses: createKeyUses(database.as('cvault_jobs')),
    }),
    translateError: translatePostgresError,
    limiter,
    requestsAtOnce: options.requestsAtOnce ?? 1_000,
    idempotency: {
      store: createIdempotencyStore(database.as('cvault_api'), database.as('cvault_operator')),
      vault,
    },
    corsOrigins: options.corsOrigins ?? [],
    trustProxy: options.trustProxy ?? [],
    publicUrl: options.publicUrl ?? '',
    version: '0.0.0',
    routes: (root) => {
      void root.register(healthRoutes, {
        clock: systemClock,
        probes: options.probes ?? [],
        draining: options.draining ?? (() => false),
      });
      void root.register(authRoutes, { prefix: '/api/v1', users });
      void root.register(meRoutes, { prefix: '/api/v1' });
      void root.register(accountRoutes, { prefix: '/api/v1', accounts: services.accounts });
      void root.register(linkRoutes, { prefix: '/api/v1', recovery: services.recovery });
      void root.register(secondFactorRoutes, {
        prefix: '/api/v1',
        secondFactor: services.secondFactor,
      });
      void root.register(identityProviderRoutes, {
        prefix: '/api/v1',
        providers: services.identityProviders,
      });
      void root.register(tokenRoutes, { prefix: '/api/v1', tokenExchange: services.tokenExchange });
      void root.register(signInSettingsRoutes, { prefix: '/api/v1', settings: services.signInSettings });
      void root.register(publishedKeyRoutes, { prefix: '/api/v1', signingKeys });
      void root.register(signingKeyRoutes, { prefix: '/api/v1/admin', signingKeys });
      void root.register(tenantRoutes, { prefix: '/api/v1/admin', tenants });
      void root.register(apiKeyRoutes, { prefix: '/api/v1/admin', apiKeys });
      void root.register(tenantApiKeyRoutes, { prefix: '/api/v1/tenant', apiKeys });
      options.routes?.(root);
    },
  });
  await app.ready();
  const strictly = {
    deliverMails: () => jobs.deliverMails.run(strictItems()),
    renewSigningKeys: () => jobs.renewSigningKeys.run(strictItems()),
    forgetEnded: () => jobs.forgetEnded.run(strictItems()),
  };
  return { app, logs: text, signingKeys, masterKey, periodic: strictly, close: () => app.close() };
}

/** Creates a tenant with an API key directly in the tables. */
export async function aTenantWithKey(
  { pool }: Pick<TestDatabase, 'pool'>,
  settings: { authRateLimit?: number; authRateWindowSeconds?: number; passwordLengthMin?: number } = {},
): Promise<{ tenantId: string; apiKey: string; keyId: string }> {
  const tenantId = newId();
  const keyId = newId();
  const { key, hash, prefix } = generateApiKey('live');
  await pool.query(
    `INSERT INTO tenants (id, name, auth_rate_limit, auth_rate_window_seconds, password_length_min)
     VALUES ($1, $2, $3, $4, $5)`,
    [
      tenantId,
      `tenant ${tenantId}`,
      settings.authRateLimit ?? 100_000,
      settings.authRateWindowSeconds ?? 900,
      settings.passwordLengthMin ?? 12,
    ],
  );
  await pool.query(
    "INSERT INTO api_keys (id, tenant_id, name, mode, prefix, key_hash) VALUES ($1, $2, 'test', 'live', $3, $4)",
    [keyId, tenantId, prefix, hash],
  );
  return { tenantId, apiKey: key.reveal(), keyId };
}
