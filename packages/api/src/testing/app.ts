import { randomBytes } from 'node:crypto';
import {
  createAccountService,
  createAuthenticator,
  createGuessGuard,
  createPostOffice,
  createRecoveryService,
  createSecondFactors,
  createSecondFactorService,
  createSignIns,
  createTenantService,
  createSigningKeys,
  createUserService,
  createVault,
  generateApiKey,
  newId,
  type Mailer,
  type PeerPush,
  type PostOffice,
  type RateLimiter,
  Secret,
  type SigningKeys,
  systemClock,
} from '@cvault/core';
import type { FastifyInstance } from 'fastify';
import { createAccessTokens } from '../credentials/access-tokens.ts';
import { commonPasswords as common } from '../credentials/common-passwords.ts';
import { createPasswordHasher } from '../credentials/passwords.ts';
import { createPseudonym } from '../credentials/pseudonyms.ts';
import { totpCodes } from '../credentials/totp.ts';
import { healthRoutes, type Probe } from '../features/health/routes.ts';
import { accountRoutes } from '../features/account/routes.ts';
import { authRoutes } from '../features/auth/routes.ts';
import { linkRoutes } from '../features/links/routes.ts';
import { signInSettingsRoutes } from '../features/links/settings-routes.ts';
import { meRoutes } from '../features/me/routes.ts';
import { publishedKeyRoutes, signingKeyRoutes } from '../features/signing-keys/routes.ts';
import { secondFactorRoutes } from '../features/second-factor/routes.ts';
import { apiKeyRoutes } from '../features/tenants/api-key-routes.ts';
import { tenantRoutes } from '../features/tenants/routes.ts';
import { type AppOptions, buildApp } from '../http/app.ts';
import { createInProcessRateLimiter } from '../limits/in-process.ts';
import { createLogger } from '../logger.ts';
import type { Database } from '../postgres/database.ts';
import { translatePostgresError } from '../postgres/errors.ts';
import { createAccountStore } from '../postgres/identity/accounts.ts';
import { createIdentityStore } from '../postgres/identity/identities.ts';
import { createLinkStore } from '../postgres/identity/links.ts';
import { createMailOutbox } from '../postgres/identity/mail-outbox.ts';
import { createSecondFactorStore } from '../postgres/identity/second-factors.ts';
import { createSignInSettingsStore } from '../postgres/identity/sign-in-settings.ts';
import { createSigningKeyStore } from '../postgres/identity/signing-keys.ts';
import { createTryStore } from '../postgres/identity/tries.ts';
import { createUserStore } from '../postgres/identity/users.ts';
import { createApiKeyStore } from '../postgres/tenants/api-keys.ts';
import { createTenantStore } from '../postgres/tenants/store.ts';
import { keepLines } from './log-lines.ts';

export const ADMIN_KEY = 'cv_admin_Zk3vQ9pLr7TnXw2bYc8HdJf5sMgA1eRu6KiOtNhVyPq';

/** As cheap as bcrypt gets: its cost is not what these tests are about. */
const TEST_COST = 4;

export interface TestApp {
  readonly app: FastifyInstance;
  /** Everything that was logged. */
  readonly logs: () => string;
  readonly signingKeys: SigningKeys;
  readonly masterKey: Secret<Buffer>;
  readonly post: PostOffice;
  close(): Promise<void>;
}

export interface TestAppOptions extends Partial<
  Pick<AppOptions, 'corsOrigins' | 'trustProxy' | 'publicUrl'>
> {
  readonly peers?: Pick<PeerPush, 'wake'>;
  readonly limiter?: RateLimiter;
  /** Absent: one of its own. Two applications on one database share one. */
  readonly masterKey?: Secret<Buffer>;
  /** Absent: no mails are sent. */
  readonly mailer?: Mailer;
  readonly probes?: readonly Probe[];
  readonly draining?: () => boolean;
  /** More routes, to see what the foundation makes of them. */
  readonly routes?: (app: FastifyInstance) => void;
}

/** The application with what this part of it needs, on a database of the test's own. */
export async function createTestApp(database: Database, options: TestAppOptions = {}): Promise<TestApp> {
  const { destination, text } = keepLines();
  const masterKey = options.masterKey ?? new Secret(randomBytes(32));
  const vault = createVault({ version: 1, key: masterKey });
  const signingKeys = createSigningKeys({
    store: createSigningKeyStore(database),
    vault,
    clock: systemClock,
  });
  const accessTokens = createAccessTokens({
    keys: signingKeys,
    clock: systemClock,
    publicUrl: options.publicUrl ?? '',
  });
  const userStore = createUserStore(database);
  const passwords = createPasswordHasher(TEST_COST);
  const tries = createTryStore(database);
  const links = createLinkStore(database);
  const settings = createSignInSettingsStore(database);
  const pseudonym = createPseudonym(masterKey);
  const guesses = createGuessGuard({ tries, pseudonym });
  const signIns = createSignIns({ users: userStore, accessTokens });
  const log = createLogger('trace', destination);
  const post = createPostOffice({
    outbox: createMailOutbox(database),
    links,
    settings,
    tries,
    pseudonym,
    vault,
    mailer: options.mailer ?? null,
    onFailure: (mail, error) => log.warn({ ...mail, err: error }, 'a mail was not delivered'),
  });
  const factors = createSecondFactors({
    store: createSecondFactorStore(database),
    codes: totpCodes,
    guesses,
    vault,
    clock: systemClock,
  });
  const secondFactor = createSecondFactorService({ factors, settings, signIns });
  const users = createUserService({
    users: userStore,
    passwords,
    common,
    guesses,
    signIns,
    settings,
    factors,
    post,
  });
  const accounts = createAccountService({
    accounts: createAccountStore(database),
    passwords,
    common,
    guesses,
    settings,
    post,
  });
  const recovery = createRecoveryService({ links, post, settings, passwords, common });
  const tenants = createTenantService({
    tenants: createTenantStore(database),
    apiKeys: createApiKeyStore(database),
    peers: options.peers ?? { wake: () => undefined },
  });
  const limiter = options.limiter ?? createInProcessRateLimiter();
  const app = await buildApp({
    logger: log,
    authenticator: createAuthenticator({
      identities: createIdentityStore(database),
      accessTokens,
      adminKey: new Secret(ADMIN_KEY),
    }),
    translateError: translatePostgresError,
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
      void root.register(authRoutes, { prefix: '/api/v1', users, limiter });
      void root.register(meRoutes, { prefix: '/api/v1' });
      void root.register(accountRoutes, { prefix: '/api/v1', accounts });
      void root.register(linkRoutes, { prefix: '/api/v1', recovery, limiter });
      void root.register(secondFactorRoutes, { prefix: '/api/v1', secondFactor, limiter });
      void root.register(signInSettingsRoutes, { prefix: '/api/v1', settings });
      void root.register(publishedKeyRoutes, { prefix: '/api/v1', signingKeys });
      void root.register(signingKeyRoutes, { prefix: '/api/v1/admin', signingKeys });
      void root.register(tenantRoutes, { prefix: '/api/v1/admin', tenants });
      void root.register(apiKeyRoutes, { prefix: '/api/v1/admin', tenants });
      options.routes?.(root);
    },
  });
  await app.ready();
  return { app, logs: text, signingKeys, masterKey, post, close: () => app.close() };
}

/** A tenant with an API key, straight into the tables. */
export async function aTenantWithKey(
  { pool }: Database,
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
