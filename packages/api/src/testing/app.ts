import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { wireApiKeys } from '../api-keys/wiring.ts';
import type { PeerPush } from '../devices/ports.ts';
import { healthRoutes, type Probe } from '../health/routes.ts';
import { wireIdentityProviders } from '../identity-providers/wiring.ts';
import { wireMailLinks } from '../mail-links/wiring.ts';
import type { Mailer } from '../mail/mail.ts';
import { wireMail } from '../mail/wiring.ts';
import { generateApiKey } from '../platform/access/api-key.ts';
import { createAuthenticator } from '../platform/access/authenticator.ts';
import { createIdentityStore } from '../platform/access/identities.ts';
import { systemClock } from '../platform/clock.ts';
import type { Config } from '../platform/config/config.ts';
import { Secret } from '../platform/crypto/secret.ts';
import { translatePostgresError } from '../platform/db/errors.ts';
import { type AppOptions, buildApp } from '../platform/http/app.ts';
import { API } from '../platform/http/prefixes.ts';
import { wireIdempotency } from '../platform/idempotency/wiring.ts';
import { newId } from '../platform/ids.ts';
import { createInProcessRateLimiter } from '../platform/limits/in-process.ts';
import type { RateLimiter } from '../platform/limits/rate-limiter.ts';
import type { Noun } from '../platform/noun.ts';
import { createLogger } from '../platform/observability/logger.ts';
import { wireSecondFactors } from '../second-factors/wiring.ts';
import { wireCredentials, wireSignIn } from '../sign-in/wiring.ts';
import type { SigningKeys } from '../signing-keys/signing-keys.ts';
import { wireSigningKeys } from '../signing-keys/wiring.ts';
import { wireTenants } from '../tenants/wiring.ts';
import { meRoutes } from '../users/me-routes.ts';
import type { TestDatabase } from './database.ts';
import { strictItems } from './items.ts';
import { keepLines } from './log-lines.ts';
import { databasesOf, testConfig, testPlatform } from './platform.ts';

export const ADMIN_KEY = 'cv_admin_Zk3vQ9pLr7TnXw2bYc8HdJf5sMgA1eRu6KiOtNhVyPq';

/** bcrypt's minimum: these tests are not about its cost. */
const TEST_COST = 4;

export interface TestApp {
  readonly app: FastifyInstance;
  /** All log output. */
  readonly logs: () => string;
  readonly signingKeys: SigningKeys;
  readonly periodic: Readonly<
    Record<'deliverMails' | 'renewSigningKeys' | 'forgetEnded', () => Promise<unknown>>
  >;
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

function configOf(options: TestAppOptions, masterKey: Secret<Buffer>): Config {
  const config = testConfig();
  return {
    ...config,
    adminKey: new Secret(ADMIN_KEY),
    masterKeys: { current: { version: 1, key: masterKey }, retired: [] },
    bcryptCost: TEST_COST,
    outboundAllow: options.outboundAllow ?? [],
    http: { ...config.http, publicUrl: options.publicUrl ?? '' },
  };
}

/** The application with its services, on the test's own database. */
export async function createTestApp(database: TestDatabase, options: TestAppOptions = {}): Promise<TestApp> {
  const { destination, text } = keepLines();
  const masterKey = options.masterKey ?? new Secret(randomBytes(32));
  const config = configOf(options, masterKey);
  const log = createLogger('trace', destination);
  const platform = testPlatform({ config, databases: databasesOf(database), log });
  const fleet = { fleet: options.peers ?? { wake: () => undefined } };
  const signingKeys = wireSigningKeys(platform);
  const credentials = wireCredentials(platform, signingKeys);
  const mail = wireMail(platform, { mailer: options.mailer ?? null, credentials });
  const secondFactors = wireSecondFactors(platform, credentials);
  const signIn = wireSignIn(platform, { credentials, mail, secondFactors });
  const apiKeys = wireApiKeys(platform, { prepareTestMode: () => Promise.resolve() });
  const nouns: Noun[] = [
    ...[signIn, wireMailLinks(platform, { credentials, mail }), secondFactors],
    ...[wireIdentityProviders(platform, credentials), signingKeys, wireTenants(platform, fleet), apiKeys],
  ];
  const app = await buildApp({
    logger: log,
    authenticator: createAuthenticator({
      identities: createIdentityStore(platform.databases.authentication),
      accessTokens: credentials.accessTokens,
      adminKey: config.adminKey,
      keyUses: apiKeys.keyUses,
    }),
    translateError: translatePostgresError,
    limiter: options.limiter ?? createInProcessRateLimiter(),
    requestsAtOnce: options.requestsAtOnce ?? 1_000,
    idempotency: wireIdempotency(platform).options,
    corsOrigins: options.corsOrigins ?? [],
    trustProxy: options.trustProxy ?? [],
    publicUrl: config.http.publicUrl,
    version: '0.0.0',
    routes: (root) => {
      void root.register(healthRoutes, {
        clock: systemClock,
        probes: options.probes ?? [],
        draining: options.draining ?? (() => false),
      });
      void root.register(meRoutes, { prefix: API });
      for (const { routes } of nouns) routes?.(root);
      options.routes?.(root);
    },
  });
  await app.ready();
  const run =
    ({ jobs }: Required<Pick<Noun, 'jobs'>>) =>
    () =>
      Promise.all(jobs.map((job) => job.run(strictItems(), platform.stopping)));
  return {
    app,
    logs: text,
    signingKeys: signingKeys.signingKeys,
    masterKey,
    periodic: { deliverMails: run(mail), renewSigningKeys: run(signingKeys), forgetEnded: run(signIn) },
    close: () => app.close(),
  };
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
