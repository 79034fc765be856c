import {
  CHALLENGE_SECONDS,
  type ChallengedUser,
  type SecondFactorStore,
  type StoredSecondFactor,
} from './codes.ts';
import type { Database } from '../platform/db/database.ts';
import { askAsTenant, asTenant } from '../platform/db/tenancy.ts';
import { MAY_ENTER, endCredentials } from '../sign-in/index.ts';

const FIND = `
SELECT f.secret AS "sealedSecret", f.confirmed_at IS NOT NULL AS confirmed,
  (SELECT count(*)::int FROM recovery_codes c WHERE c.tenant_id = $1 AND c.user_id = $2) AS "recoveryCodesLeft"
FROM second_factors f WHERE f.tenant_id = $1 AND f.user_id = $2`;

/** Locks the user if their credentials have not ended since they were proven. */
const provenUser = (lock: 'SHARE' | 'NO KEY UPDATE') => `
SELECT u.id FROM tenant_users u
WHERE u.tenant_id = $1 AND u.id = $2 AND u.credentials_epoch = $3 AND ${MAY_ENTER} FOR ${lock}`;
const PROVEN = provenUser('SHARE');
/** For transactions that also end credentials: two with a shared lock would wait for each other. */
const PROVEN_ALONE = provenUser('NO KEY UPDATE');

const BEGIN = `
WITH proven AS (${PROVEN})
INSERT INTO second_factors (tenant_id, user_id, secret) SELECT $1, id, $4 FROM proven
ON CONFLICT (tenant_id, user_id) DO UPDATE SET secret = EXCLUDED.secret, last_step = 0
WHERE second_factors.confirmed_at IS NULL`;

const CONFIRM = `
UPDATE second_factors SET confirmed_at = now(), last_step = $3
WHERE tenant_id = $1 AND user_id = $2 AND confirmed_at IS NULL AND last_step < $3`;

const ADD_RECOVERY_CODES = `
INSERT INTO recovery_codes (tenant_id, user_id, code_hash) SELECT $1, $2, unnest($3::bytea[])`;

/** Checks and uses the step in one statement: of two concurrent calls, the second waits and finds the step used. */
const USE_STEP = `
UPDATE second_factors SET last_step = $3
WHERE tenant_id = $1 AND user_id = $2 AND confirmed_at IS NOT NULL AND last_step < $3`;

const USE_RECOVERY_CODE =
  'DELETE FROM recovery_codes WHERE tenant_id = $1 AND user_id = $2 AND code_hash = $3';

const REMOVE = 'DELETE FROM second_factors WHERE tenant_id = $1 AND user_id = $2';

const OF_MODE = `
SELECT FROM tenant_users u WHERE u.tenant_id = $1 AND u.id = $2 AND u.mode = $3 FOR NO KEY UPDATE`;

const OPEN_CHALLENGE = `
WITH proven AS (${PROVEN})
INSERT INTO sign_in_challenges (token_hash, tenant_id, user_id, expires_at)
SELECT $4, $1, id, now() + interval '${CHALLENGE_SECONDS} seconds' FROM proven`;

/** Challenges are deleted when credentials end, so an existing one was proven under the current epoch. */
const FIND_CHALLENGE = `
SELECT u.id AS "userId", u.email, u.credentials_epoch AS "credentialsEpoch", u.state = 'suspended' AS suspended
FROM sign_in_challenges c
JOIN tenant_users u ON u.tenant_id = c.tenant_id AND u.id = c.user_id AND u.state <> 'deleting' AND u.mode = $2
WHERE c.tenant_id = $1 AND c.token_hash = $3 AND c.expires_at > now()`;

const USE_CHALLENGE = `
DELETE FROM sign_in_challenges WHERE tenant_id = $1 AND token_hash = $2 AND expires_at > now()`;

export function createSecondFactorStore({ pool }: Database): SecondFactorStore {
  /** Whether the statement changed its row. */
  const changes = async (tenantId: string, sql: string, values: unknown[]): Promise<boolean> =>
    (await askAsTenant(pool, tenantId, sql, values)).rowCount === 1;

  return {
    find: (tenantId, userId) =>
      asTenant(
        pool,
        tenantId,
        async (db) => (await db.query<StoredSecondFactor>(FIND, [tenantId, userId])).rows[0] ?? null,
      ),

    begin: ({ tenantId, userId, credentialsEpoch }, sealedSecret) =>
      changes(tenantId, BEGIN, [tenantId, userId, credentialsEpoch, sealedSecret]),

    confirm: ({ tenantId, userId, credentialsEpoch }, step, recoveryHashes, keptSignInId) =>
      asTenant(pool, tenantId, async (db) => {
        const proven = await db.query(PROVEN_ALONE, [tenantId, userId, credentialsEpoch]);
        if (proven.rowCount === 0) return null;
        if ((await db.query(CONFIRM, [tenantId, userId, step])).rowCount === 0) return null;
        await db.query(ADD_RECOVERY_CODES, [tenantId, userId, recoveryHashes]);
        const epoch = await endCredentials(db, 'second_factor_set_up', tenantId, [userId], keptSignInId);
        return { tenantId, userId, credentialsEpoch: epoch };
      }),

    useStep: (tenantId, userId, step) => changes(tenantId, USE_STEP, [tenantId, userId, step]),
    useRecoveryCode: (tenantId, userId, hash) =>
      changes(tenantId, USE_RECOVERY_CODE, [tenantId, userId, hash]),

    remove: ({ tenantId, userId, credentialsEpoch }, keptSignInId) =>
      asTenant(pool, tenantId, async (db) => {
        const proven = await db.query(PROVEN_ALONE, [tenantId, userId, credentialsEpoch]);
        if (proven.rowCount === 0) return false;
        if ((await db.query(REMOVE, [tenantId, userId])).rowCount === 0) return false;
        await endCredentials(db, 'second_factor_removed', tenantId, [userId], keptSignInId);
        return true;
      }),

    reset: ({ tenantId, mode }, userId) =>
      asTenant(pool, tenantId, async (db) => {
        if ((await db.query(OF_MODE, [tenantId, userId, mode])).rowCount === 0) return false;
        if ((await db.query(REMOVE, [tenantId, userId])).rowCount === 0) return false;
        await endCredentials(db, 'second_factor_reset', tenantId, [userId]);
        return true;
      }),

    openChallenge: ({ tenantId, userId, credentialsEpoch }, hash) =>
      changes(tenantId, OPEN_CHALLENGE, [tenantId, userId, credentialsEpoch, hash]),

    async findChallenge({ tenantId, mode }, hash) {
      const values = [tenantId, mode, hash];
      const { rows } = await askAsTenant<Omit<ChallengedUser, 'tenantId'> & { suspended: boolean }>(
        pool,
        tenantId,
        FIND_CHALLENGE,
        values,
      );
      if (rows[0] === undefined) return null;
      const { suspended, ...user } = rows[0];
      return suspended ? 'suspended' : { ...user, tenantId };
    },

    useChallenge: (tenantId, hash) => changes(tenantId, USE_CHALLENGE, [tenantId, hash]),
  };
}
