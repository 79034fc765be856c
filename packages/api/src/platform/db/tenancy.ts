import type pg from 'pg';
import { onceStatement, onceTransaction, repeating } from './transaction.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Begins a tenant's transaction. Sent as one message with BEGIN, which saves a round trip. Such a message takes no
 * parameters, so only a UUID may enter it.
 */
function beginFor(tenantId: string): string {
  if (!UUID.test(tenantId)) throw new Error('a transaction wants a tenant that has no id');
  return `BEGIN; SET LOCAL cvault.tenant = '${tenantId}'`;
}

/**
 * Runs `work` in a READ COMMITTED transaction for one tenant: row-level security limits it to that tenant's rows.
 * Deadlocks are retried, so `work` must have no effects outside the database.
 * @param tenantId from the principal, never from the request's path or body
 */
export async function asTenant<T>(
  pool: pg.Pool,
  tenantId: string,
  work: (db: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const begin = beginFor(tenantId);
  return repeating(() => onceTransaction(pool, begin, work));
}

/** `asTenant` for a single statement: one round trip instead of three. */
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
