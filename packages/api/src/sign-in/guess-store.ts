import type { TryLimit, TryStore } from './guesses.ts';
import type pg from 'pg';
import type { Database } from '../platform/db/database.ts';
import { asTenant } from '../platform/db/tenancy.ts';

/**
 * Each row stores the time until which its tries are spent. A try adds its share of time; none is left if that
 * exceeds the total of all tries. Check and update are one statement, so concurrent requests get exactly the tries
 * that are left. The row lock serializes them, and the fixed order of limits prevents deadlocks.
 */
const TAKE = `
INSERT INTO sign_in_tries AS t (tenant_id, subject, spent_until)
VALUES ($1, $2, now() + $3 * interval '1 second')
ON CONFLICT (tenant_id, subject) DO UPDATE
SET spent_until = greatest(t.spent_until, now()) + $3 * interval '1 second'
WHERE t.spent_until <= now() + $3 * ($4 - 1) * interval '1 second'`;

const WAIT = `
SELECT extract(epoch FROM spent_until - now())::float8 - $3::float8 * ($4::float8 - 1) AS seconds
FROM sign_in_tries WHERE tenant_id = $1 AND subject = $2`;

const GIVE_BACK = `
UPDATE sign_in_tries SET spent_until = spent_until - $3 * interval '1 second' WHERE tenant_id = $1 AND subject = $2`;

const valuesOf = (tenantId: string, { subject, everySeconds, burst }: TryLimit) => [
  tenantId,
  subject,
  everySeconds,
  burst,
];

async function wait(db: pg.PoolClient, tenantId: string, limit: TryLimit): Promise<number> {
  const { rows } = await db.query<{ seconds: number }>(WAIT, valuesOf(tenantId, limit));
  return Math.max(1, Math.ceil(rows[0]?.seconds ?? 1));
}

export function createTryStore({ pool }: Database): TryStore {
  return {
    take: (tenantId, limits) =>
      asTenant(pool, tenantId, async (db) => {
        for (const limit of limits) {
          const { rowCount } = await db.query(TAKE, valuesOf(tenantId, limit));
          if (rowCount === 0) return wait(db, tenantId, limit);
        }
        return null;
      }),

    async giveBack(tenantId, limits) {
      await asTenant(pool, tenantId, async (db) => {
        for (const limit of limits) await db.query(GIVE_BACK, valuesOf(tenantId, limit).slice(0, 3));
      });
    },
  };
}
