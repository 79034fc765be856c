import type pg from 'pg';
import { inTransaction } from './transaction.ts';

/**
 * Runs `work` in one READ COMMITTED transaction that stands for one tenant: what row-level security lets it see and write
 * is that tenant's. Deadlocks are repeated, so `work` must have no effect outside of the database.
 * @param tenantId of the principal, never of the request's path or body
 */
export function asTenant<T>(
  pool: pg.Pool,
  tenantId: string,
  work: (db: pg.PoolClient) => Promise<T>,
): Promise<T> {
  return inTransaction(pool, async (db) => {
    await db.query("SELECT set_config('cvault.tenant', $1, true)", [tenantId]);
    return work(db);
  });
}
