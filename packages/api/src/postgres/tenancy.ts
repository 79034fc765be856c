import type pg from 'pg';
import { onceTransaction, repeating } from './transaction.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Runs `work` in one READ COMMITTED transaction that stands for one tenant: what row-level security lets it see and write
 * is that tenant's. Deadlocks are repeated, so `work` must have no effect outside of the database.
 *
 * The tenant goes out in the message that begins the transaction, which saves a round trip; such a message takes no
 * parameters, so nothing gets into it that is not an id.
 * @param tenantId of the principal, never of the request's path or body
 */
export function asTenant<T>(
  pool: pg.Pool,
  tenantId: string,
  work: (db: pg.PoolClient) => Promise<T>,
): Promise<T> {
  if (!UUID.test(tenantId)) throw new Error('a transaction wants a tenant that has no id');
  const begin = `BEGIN; SET LOCAL cvault.tenant = '${tenantId}'`;
  return repeating(() => onceTransaction(pool, begin, work));
}
