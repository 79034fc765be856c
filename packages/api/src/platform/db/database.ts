import { currentAct } from '../audit-context/context.ts';
import type { Secret } from '../crypto/secret.ts';
import pg from 'pg';
import { actText } from '../audit-context/sql.ts';
import type { DatabaseRole } from './roles.ts';
import { sessionOf } from './session.ts';
import { isRefusal, onceStatement } from './transaction.ts';

export interface Database {
  readonly pool: pg.Pool;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** The role of all connections: see roles.ts. Null: the login's own rights, for migrations and tests. */
  readonly role: DatabaseRole | null;
  /** The actor of all transactions, for the audit log. If absent, the actor of the current work. */
  readonly actor?: string;
  /** The maximum of connections. */
  readonly connections: number;
  /** How long a query waits for a connection before it fails; 5,000 ms by default. */
  readonly connectionWaitMs?: number;
  /** Called when an idle connection breaks, for example when PostgreSQL restarts. The pool replaces it. */
  readonly onConnectionLost?: (error: Error) => void;
}

/**
 * A pool that keeps connections after a failed statement. `pg.Pool.query` discards the connection with every error,
 * but constraint violations are routine here: measured, a refusal cost 15 ms for a new connection instead of 0.4
 * ms, and 250 at once starved the other requests.
 *
 * If the audit log needs an actor, the statement runs in a transaction that names it.
 */
class SteadyPool extends pg.Pool {
  readonly #asks: boolean;

  constructor(options: pg.PoolConfig, asksWhoActs: boolean) {
    super(options);
    this.#asks = asksWhoActs;
  }

  override query = (async (query: string | pg.QueryConfig, values?: unknown[]) => {
    const config = typeof query === 'string' ? { text: query } : query;
    const whole = values === undefined ? config : { ...config, values };
    if (this.#asks && currentAct() !== null) return onceStatement(this, 'BEGIN', whole);
    const client = await this.connect();
    let broken = true;
    try {
      const result = await client.query(whole);
      broken = false;
      return result;
    } catch (error) {
      broken = !isRefusal(error);
      throw error;
    } finally {
      client.release(broken);
    }
  }) as pg.Pool['query'];
}

export function openDatabase(url: Secret<string>, options: DatabaseOptions): Database {
  const pool = new SteadyPool(
    {
      ...sessionOf(url.reveal(), {
        statement_timeout: '30s',
        // Planning a registration costs as much as running it. Plans do not depend on the values, so the first one
        // is kept until the statistics change.
        plan_cache_mode: 'force_generic_plan',
        ...(options.role === null ? {} : { role: options.role }),
        ...(options.actor === undefined ? {} : { 'cvault.act': actText('', 'job', options.actor, '') }),
      }),
      max: options.connections,
      // Sends several statements without waiting; PostgreSQL still runs them one by one.
      pipeline: true,
      application_name: 'cvault',
      connectionTimeoutMillis: options.connectionWaitMs ?? 5_000,
      // A new connection costs 15 ms (SCRAM) and its prepared statements, so idle ones are kept for a while.
      idleTimeoutMillis: 300_000,
      types: {
        // int8 as number: generations and counts stay far below 2^53.
        getTypeParser: (oid: typeof pg.types.builtins.INT8, format?: 'text' | 'binary') =>
          oid === pg.types.builtins.INT8
            ? Number
            : (pg.types.getTypeParser(oid, format) as (text: string) => unknown),
      },
    },
    options.actor === undefined,
  );
  let isClosing = false;
  // Without these listeners, a PostgreSQL restart would end this process. The pool listens to idle connections
  // only, and a borrowed connection without a running query would emit an unhandled error. A pool that closes does not
  // wait for its connections, so a PostgreSQL that stops may end them first: that is no loss.
  pool.on('error', (error) => {
    if (!isClosing) options.onConnectionLost?.(error);
  });
  pool.on('connect', (client) => client.on('error', () => undefined));
  return {
    pool,
    close() {
      isClosing = true;
      return pool.end();
    },
  };
}

/** The name of the constraint that a statement violated; null for other errors. */
export function brokenConstraint(error: unknown): string | null {
  return error instanceof pg.DatabaseError && error.code?.startsWith('23')
    ? (error.constraint ?? error.column ?? null)
    : null;
}
