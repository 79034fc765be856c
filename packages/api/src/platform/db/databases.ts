import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { Secret } from '../crypto/secret.ts';
import { type Database, openDatabase } from './database.ts';
import type { DatabaseRole } from './roles.ts';

/** Authentication is one short read, which needs few connections. */
const AUTHENTICATION_CONNECTIONS = 4;
/** Operators are few, and jobs mostly run one after the other. */
const OPERATOR_CONNECTIONS = 4;
const JOB_CONNECTIONS = 3;
/**
 * Connections reserved for the links: an acknowledgement must not queue behind the requests that wait for it.
 * Measured with 500 registrations at once: in one queue, acknowledgements came after the requests' deadline.
 */
const LINK_CONNECTIONS = 4;
/** Metering has its own: its pages are long statements, and no request may queue behind them. */
const METERING_CONNECTIONS = 3;

/** One pool for each role, so that no connection ever changes its rights. */
export interface Databases {
  readonly requests: Database;
  readonly authentication: Database;
  readonly operator: Database;
  readonly links: Database;
  readonly metering: Database;
  readonly jobs: Database;
  readonly sealing: Database;
}

export interface DatabasesOptions {
  readonly config: Config['database'];
  readonly url: Secret<string>;
  readonly log: Logger;
}

export function openDatabases({ config, url, log }: DatabasesOptions): Databases {
  /** @param actor for the audit log, where no request and no job acts */
  const open = (role: DatabaseRole, connections: number, actor?: string) =>
    openDatabase(url, {
      role,
      connections,
      connectionWaitMs: config.waitMs,
      ...(actor === undefined ? {} : { actor }),
      onConnectionLost: (error) => log.warn({ err: error }, 'a connection to PostgreSQL was lost'),
    });
  return {
    requests: open('cvault_api', config.connections),
    authentication: open('cvault_authenticator', AUTHENTICATION_CONNECTIONS),
    operator: open('cvault_operator', OPERATOR_CONNECTIONS),
    links: open('cvault_links', LINK_CONNECTIONS, 'links'),
    metering: open('cvault_metering', METERING_CONNECTIONS, 'metering'),
    jobs: open('cvault_jobs', JOB_CONNECTIONS),
    sealing: open('cvault_sealer', 1, 'sealing'),
  };
}
