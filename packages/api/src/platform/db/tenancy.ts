import type pg from 'pg';
import { onceStatement, onceTransaction, repeating } from './transaction.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * The message that begins a transaction of a tenant. It goes out in one with BEGIN, which saves a round trip; such a message
 * takes no parameters, so nothing gets into it that is not an id.
 */
function beginFor(tenantId: string): string {
  if (!UUID.test(tenantId)) throw new Error('a transaction wants a tenant that has no id');
  return `BEGIN; SET LOCAL cvault.tenant = '${tenantId}'`;
}

/**
 * Runs `work` in one READ COMMITTED transaction that stands for one tenant: what row-level security lets it see and write
 * is that tenant's. Deadlocks are repeated, so `work` must have no effect outside of the database.
 * @param tenantId of the principal, never of the request's path or body
 */
export async function asTenant<T>(
  pool: pg.Pool,
  tenantId: string,
  work: (db: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const begin = beginFor(tenantId);
  return repeating(() => onceTransaction(pool, begin, work));
}

/** `asTenant` for what is one statement: it costs one round trip instead of three. */
export async function askAsTenant<R extends pg.QueryResultRow>(
  pool: pg.Pool,
  tenantId: string,
  query: string | pg.QueryConfig,
  values?: readonly unknown[],
): Promise<pg.QueryResult<R>> {
  const begin = beginFor(tenantId);
  const config = typeof query === 'string' ? { text: query } : query;
  const whole = values === undefined ? config : { ...config, values: [...values] };
  return repeating(() => onceStatement<R>(pool, begin, whole));
}
