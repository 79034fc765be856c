import type { Claim, IdempotencyStore } from './ports.ts';
import type pg from 'pg';
import type { Database } from '../db/database.ts';
import { asTenant } from '../db/tenancy.ts';

/** One of several concurrent attempts inserts or takes over. The others wait for its row and find it claimed. */
const CLAIM = `
INSERT INTO idempotency_keys (claim_hash, tenant_id, user_id, fingerprint, intended_id, claimed_until)
VALUES ($1, $2, $3, $4, $5, now() + $6 * interval '1 second')
ON CONFLICT (claim_hash) DO UPDATE
  SET claimed_until = excluded.claimed_until, attempt = idempotency_keys.attempt + 1
  WHERE idempotency_keys.fingerprint = excluded.fingerprint AND idempotency_keys.status IS NULL
    AND idempotency_keys.claimed_until <= now()
RETURNING intended_id, attempt`;

const LOOK = `
SELECT fingerprint = $2 AS same, answer, greatest(1, ceil(extract(epoch FROM claimed_until - now())))::int AS wait
FROM idempotency_keys WHERE claim_hash = $1`;

const ANSWER = `
UPDATE idempotency_keys SET status = $3, answer = $4 WHERE claim_hash = $1 AND attempt = $2 AND status IS NULL`;

const KEEP = `
UPDATE idempotency_keys SET claimed_until = now() WHERE claim_hash = $1 AND attempt = $2 AND status IS NULL`;

const DROP = 'DELETE FROM idempotency_keys WHERE claim_hash = $1 AND attempt = $2 AND status IS NULL';

/** Repeats the look-up if the claim is released in between. */
const LOOKS = 5;

/** @param operator for claims of the operator, which have no tenant */
export function createIdempotencyStore({ pool }: Database, operator: Database): IdempotencyStore {
  function as<T>(
    { tenantId }: Claim,
    work: (db: Pick<pg.Pool | pg.PoolClient, 'query'>) => Promise<T>,
  ): Promise<T> {
    return tenantId === null ? work(operator.pool) : asTenant(pool, tenantId, work);
  }

  return {
    async claim(claim, leaseSeconds) {
      const { hash, tenantId, userId, fingerprint, intendedId } = claim;
      for (let look = 1; look <= LOOKS; look++) {
        const values = [hash, tenantId, userId, fingerprint, intendedId, leaseSeconds];
        const claimed = await as(claim, (db) =>
          db.query<{ intended_id: string; attempt: number }>(CLAIM, values),
        );
        const own = claimed.rows[0];
        if (own !== undefined)
          return { outcome: 'claimed', intendedId: own.intended_id, attempt: own.attempt };
        const found = await as(claim, (db) =>
          db.query<{ same: boolean; answer: Buffer | null; wait: number }>(LOOK, [hash, fingerprint]),
        );
        const row = found.rows[0];
        if (row === undefined) continue;
        if (!row.same) return { outcome: 'other_request' };
        if (row.answer !== null) return { outcome: 'answered', answer: row.answer };
        return { outcome: 'in_flight', retryAfterSeconds: row.wait };
      }
      return { outcome: 'in_flight', retryAfterSeconds: 1 };
    },

    async answer(claim, attempt, status, answer) {
      await as(claim, (db) => db.query(ANSWER, [claim.hash, attempt, status, answer]));
    },

    async release(claim, attempt, kept) {
      await as(claim, (db) => db.query(kept ? KEEP : DROP, [claim.hash, attempt]));
    },
  };
}
