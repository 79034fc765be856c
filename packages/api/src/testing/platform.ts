import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { systemClock } from '../platform/clock.ts';
import { type Config, loadConfig } from '../platform/config/config.ts';
import { createVault } from '../platform/crypto/vault.ts';
import { createOutboundHttp } from '../platform/outbound/http.ts';
import { createResolver } from '../platform/outbound/resolver.ts';
import type { Databases } from '../platform/db/databases.ts';
import type { Platform } from '../platform/platform.ts';
import type { TestDatabase } from './database.ts';
import { strictItems } from './items.ts';

/** A configuration that says nothing but what has to be said. */
export const testConfig = (environment: Readonly<Record<string, string>> = {}): Config =>
  loadConfig(
    {
      CVAULT_MASTER_KEY: randomBytes(32).toString('base64'),
      CVAULT_ADMIN_KEY: `cv_admin_${randomBytes(32).toString('base64url')}`,
      DATABASE_URL: 'postgresql://nobody@localhost/nothing',
      ...environment,
    },
    () => {
      throw new Error('no file is read here');
    },
  );

/** Each pool with the rights that it has in production. */
export const databasesOf = (database: TestDatabase): Databases => ({
  requests: database.as('cvault_api'),
  authentication: database.as('cvault_authenticator'),
  operator: database.as('cvault_operator'),
  links: database.as('cvault_links'),
  metering: database.as('cvault_metering'),
  jobs: database.as('cvault_jobs'),
  sealing: database.as('cvault_sealer'),
});

export interface TestPlatformOptions {
  readonly config: Config;
  readonly databases: Databases;
  readonly log: Logger;
}

/** For nouns that a test wires itself. An item that fails is the test's failure. */
export function testPlatform({ config, databases, log }: TestPlatformOptions): Platform {
  return {
    config,
    databases,
    vault: createVault(config.masterKeys.current, config.masterKeys.retired),
    outbound: createOutboundHttp({ allow: config.outboundAllow, resolve: createResolver() }),
    clock: systemClock,
    log,
    stopping: new AbortController().signal,
    itemsOf: strictItems,
  };
}
