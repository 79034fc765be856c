import type { Logger } from 'pino';
import { type Clock, systemClock } from './clock.ts';
import type { Config } from './config/config.ts';
import type { Secret } from './crypto/secret.ts';
import { type Vault, createVault } from './crypto/vault.ts';
import { type Databases, openDatabases } from './db/databases.ts';
import { isAway } from './db/errors.ts';
import { type Items, createItems } from './jobs/items.ts';
import type { Job } from './jobs/job.ts';
import { createOutboundHttp } from './outbound/http.ts';
import type { OutboundHttp } from './outbound/ports.ts';
import { createResolver } from './outbound/resolver.ts';

/** The parts of the process that any noun may need: made once, passed to each noun's `wiring.ts`. */
export interface Platform {
  readonly config: Config;
  readonly databases: Databases;
  readonly vault: Vault;
  readonly outbound: OutboundHttp;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborted when the process is told to stop: long waits end early. */
  readonly stopping: AbortSignal;
  /** Makes the items of a job, for those that other code attempts, too. */
  readonly itemsOf: (job: Pick<Job, 'name' | 'endsRun'>) => Items;
}

export interface PlatformOptions {
  readonly config: Config;
  readonly databaseUrl: Secret<string>;
  readonly log: Logger;
  readonly stopping: AbortSignal;
  /** Called for each failed attempt at an item of this job. */
  readonly onItemFailed: (job: string) => void;
}

export function createPlatform(options: PlatformOptions): Platform {
  const { config, databaseUrl, log, stopping, onItemFailed } = options;
  return {
    config,
    databases: openDatabases({ config: config.database, url: databaseUrl, log }),
    vault: createVault(config.masterKeys.current, config.masterKeys.retired),
    outbound: createOutboundHttp({ allow: config.outboundAllow, resolve: createResolver() }),
    clock: systemClock,
    log,
    stopping,
    itemsOf: ({ name, endsRun = isAway }) =>
      createItems({
        endsRun,
        onFailure(item, error) {
          onItemFailed(name);
          log.error({ what: name, item, err: error }, 'an item of periodic work failed');
        },
      }),
  };
}
