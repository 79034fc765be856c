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
  /** Whose rights its connections have: see roles.ts. Null: the login's own, for migrations and tests. */
  readonly role: DatabaseRole | null;
  /** Who acts in all of its transactions, for the audit log. Absent: whoever the work at hand is done for. */
  readonly actor?: string;
  /** Most connections. */
  readonly connections: number;
  /** How long a query waits for one before it fails. Absent: 5,000 ms. */
  readonly connectionWaitMs?: number;
  /** Called when an idle connection breaks: PostgreSQL was restarted. The pool replaces it by itself. */
  readonly onConnectionLost?: (error: Error) => void;
}

/**
 * A pool whose connections survive a statement that fails. `pg.Pool.query` throws its connection away with every error,
 * and a broken constraint is an everyday answer here: measured, a refusal cost 15 ms for the new connection instead of
 * 0.4 ms, and 250 of them at once starved the rest.
 *
 * A statement of somebody whom the audit log has to name is a transaction that says who it is.
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
        // Planning a registration costs as much as running it. Its plan does not depend on the values, so the one that is
        // made first is kept; statistics that change make a new one.
        plan_cache_mode: 'force_generic_plan',
        ...(options.role === null ? {} : { role: options.role }),
        ...(options.actor === undefined ? {} : { 'cvault.act': actText('', 'job', options.actor, '') }),
      }),
      max: options.connections,
      // Several statements may be on their way at once; each still waits for the one before it in PostgreSQL.
      pipeline: true,
      application_name: 'cvault',
      connectionTimeoutMillis: options.connectionWaitMs ?? 5_000,
      // A new connection costs 15 ms (SCRAM) and its prepared statements: worth keeping through a quiet spell.
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
  // Without listeners, a restart of PostgreSQL ends this process: the pool listens to idle connections only, and one that is
  // lent out has moments without a query, in which PostgreSQL's last words are nobody's answer.
  pool.on('error', (error) => options.onConnectionLost?.(error));
  pool.on('connect', (client) => client.on('error', () => undefined));
  return { pool, close: () => pool.end() };
}

/** The constraint that a statement broke, as PostgreSQL names it; null where the error is of another kind. */
export function brokenConstraint(error: unknown): string | null {
  return error instanceof pg.DatabaseError && error.code?.startsWith('23')
    ? (error.constraint ?? error.column ?? null)
    : null;
}
