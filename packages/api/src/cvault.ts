import type { Logger } from 'pino';
import { createMailer } from './mail/index.ts';
import { createMetrics } from './metrics/index.ts';
import { createAuthenticator } from './platform/access/authenticator.ts';
import { createIdentityStore } from './platform/access/identities.ts';
import type { Config } from './platform/config/config.ts';
import type { Secret } from './platform/crypto/secret.ts';
import type { Database } from './platform/db/database.ts';
import { translatePostgresError } from './platform/db/errors.ts';
import { buildApp } from './platform/http/app.ts';
import type { RateLimiter } from './platform/limits/rate-limiter.ts';
import { createPlatform } from './platform/platform.ts';
import { VERSION } from './platform/version.ts';
import { wireNouns } from './wiring.ts';

export interface CVaultOptions {
  readonly config: Config;
  readonly databaseUrl: Secret<string>;
  readonly limiter: RateLimiter;
  readonly log: Logger;
}

/** The control plane of one process, without its port and its signals. */
export type CVault = Awaited<ReturnType<typeof createCVault>>;

export async function createCVault({ config, databaseUrl, limiter, log }: CVaultOptions) {
  const { http, adminKey } = config;
  const stopping = new AbortController();
  const metrics = createMetrics();
  const mailer = createMailer(config, log);
  const platform = createPlatform({
    config,
    databaseUrl,
    log,
    stopping: stopping.signal,
    onItemFailed: metrics.itemFailed,
  });
  const { databases } = platform;
  const nouns = wireNouns(platform, { metrics, mailer });
  const authenticator = createAuthenticator({
    identities: createIdentityStore(databases.authentication),
    accessTokens: nouns.credentials.accessTokens,
    adminKey,
    keyUses: nouns.apiKeys.keyUses,
  });
  const app = await buildApp({
    logger: log,
    authenticator,
    translateError: translatePostgresError,
    limiter,
    requestsAtOnce: http.requestsAtOnce,
    idempotency: nouns.idempotency.options,
    corsOrigins: http.corsOrigins,
    trustProxy: http.trustProxy,
    publicUrl: http.publicUrl,
    version: VERSION,
    onAnswer: metrics.request,
    refusals: nouns.audit.refusals,
    routes: nouns.routes,
  });
  const { fleet } = nouns.fleet;
  return {
    app,
    fleet,
    /** With the operator's rights. */
    database: databases.operator,
    servers: nouns.servers.store,
    services: {
      apiKeys: nouns.apiKeys.own,
      authenticator,
      signingKeys: nouns.signingKeys.signingKeys,
      tenants: nouns.tenants.service,
      users: nouns.signIn.service,
    },
    /** Begins to link to VPN servers and to run jobs. */
    async start(): Promise<void> {
      await nouns.apiKeys.service.prepare();
      await fleet.start();
      nouns.jobs.start();
    },
    /** From now on the readiness probe fails and long waits end early; other work continues. */
    drain(): void {
      stopping.abort();
    },
    /** Ends everything that `start` began and closes the database. The owner closes the app before. */
    async close(): Promise<void> {
      // The links first: a running reading ends with its channel.
      await fleet.close();
      await nouns.jobs.stop();
      await nouns.webhooks.sender.stop();
      mailer?.close();
      for (const database of Object.values<Database>({ ...databases })) await database.close();
    },
  };
}
