import { CHALLENGE_SECONDS, type SecondFactorStore, type StoredSecondFactor } from '@cvault/core';
import type pg from 'pg';
import type { Database } from '../database.ts';
import { askAsTenant, asTenant } from '../tenancy.ts';

const FIND = `
SELECT f.secret AS "sealedSecret", f.confirmed_at IS NOT NULL AS confirmed,
  (SELECT count(*)::int FROM recovery_codes c WHERE c.tenant_id = $1 AND c.user_id = $2) AS "recoveryCodesLeft"
FROM second_factors f WHERE f.tenant_id = $1 AND f.user_id = $2`;

const BEGIN = `
INSERT INTO second_factors (tenant_id, user_id, secret) VALUES ($1, $2, $3)
ON CONFLICT (tenant_id, user_id) DO UPDATE SET secret = EXCLUDED.secret, last_step = 0
WHERE second_factors.confirmed_at IS NULL`;

const CONFIRM = `
UPDATE second_factors SET confirmed_at = now(), last_step = $3
WHERE tenant_id = $1 AND user_id = $2 AND confirmed_at IS NULL AND last_step < $3`;

const ADD_RECOVERY_CODES = `
INSERT INTO recovery_codes (tenant_id, user_id, code_hash) SELECT $1, $2, unnest($3::bytea[])`;

/** Checks and uses the step in one statement: of two at once, the second waits, and finds the step used. */
const USE_STEP = `
UPDATE second_factors SET last_step = $3
WHERE tenant_id = $1 AND user_id = $2 AND confirmed_at IS NOT NULL AND last_step < $3`;

const USE_RECOVERY_CODE =
  'DELETE FROM recovery_codes WHERE tenant_id = $1 AND user_id = $2 AND code_hash = $3';

const REMOVE = 'DELETE FROM second_factors WHERE tenant_id = $1 AND user_id = $2';

const RESET = `
DELETE FROM second_factors f USING tenant_users u
WHERE f.tenant_id = $1 AND f.user_id = $2 AND u.tenant_id = f.tenant_id AND u.id = f.user_id AND u.mode = $3`;

const OPEN_CHALLENGE = `
INSERT INTO sign_in_challenges (token_hash, tenant_id, user_id, expires_at)
VALUES ($1, $2, $3, now() + interval '${CHALLENGE_SECONDS} seconds')`;

const FIND_CHALLENGE = `
SELECT u.id AS "userId", u.email FROM sign_in_challenges c
JOIN tenant_users u ON u.tenant_id = c.tenant_id AND u.id = c.user_id AND u.state = 'active' AND u.mode = $2
WHERE c.tenant_id = $1 AND c.token_hash = $3 AND c.expires_at > now()`;

const USE_CHALLENGE = `
DELETE FROM sign_in_challenges WHERE tenant_id = $1 AND token_hash = $2 AND expires_at > now()`;

export function createSecondFactorStore({ pool }: Database): SecondFactorStore {
  /** Whether a statement found the row that it was to change. */
  const changes = (tenantId: string, sql: string, values: unknown[]): Promise<boolean> =>
    asTenant(pool, tenantId, async (db: pg.PoolClient) => (await db.query(sql, values)).rowCount === 1);

  return {
    find: (tenantId, userId) =>
      asTenant(
        pool,
        tenantId,
        async (db) => (await db.query<StoredSecondFactor>(FIND, [tenantId, userId])).rows[0] ?? null,
      ),

    begin: (tenantId, userId, sealedSecret) => changes(tenantId, BEGIN, [tenantId, userId, sealedSecret]),

    confirm: (tenantId, userId, step, recoveryHashes) =>
      asTenant(pool, tenantId, async (db) => {
        if ((await db.query(CONFIRM, [tenantId, userId, step])).rowCount === 0) return false;
        await db.query(ADD_RECOVERY_CODES, [tenantId, userId, recoveryHashes]);
        return true;
      }),

    useStep: (tenantId, userId, step) => changes(tenantId, USE_STEP, [tenantId, userId, step]),
    useRecoveryCode: (tenantId, userId, hash) =>
      changes(tenantId, USE_RECOVERY_CODE, [tenantId, userId, hash]),
    remove: (tenantId, userId) => changes(tenantId, REMOVE, [tenantId, userId]),
    reset: ({ tenantId, mode }, userId) => changes(tenantId, RESET, [tenantId, userId, mode]),

    async openChallenge(tenantId, userId, hash) {
      await askAsTenant(pool, tenantId, OPEN_CHALLENGE, [hash, tenantId, userId]);
    },

    findChallenge: ({ tenantId, mode }, hash) =>
      asTenant(pool, tenantId, async (db) => {
        const { rows } = await db.query<{ userId: string; email: string }>(FIND_CHALLENGE, [
          tenantId,
          mode,
          hash,
        ]);
        return rows[0] ?? null;
      }),

    useChallenge: (tenantId, hash) => changes(tenantId, USE_CHALLENGE, [tenantId, hash]),

    async forgetExpired() {
      return (await pool.query('DELETE FROM sign_in_challenges WHERE expires_at < now()')).rowCount ?? 0;
    },
  };
}
