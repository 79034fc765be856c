import { CVaultError } from '../platform/errors.ts';
import type { UserStore, UserWithEpoch } from './ports.ts';
import { REFRESH_TOKEN_DAYS, REUSE_GRACE_SECONDS } from './refresh-tokens.ts';
import { brokenConstraint, type Database } from '../platform/db/database.ts';
import { askAsTenant, asTenant } from '../platform/db/tenancy.ts';
import { MAY_ENTER } from './end-credentials.ts';

interface UserRow {
  id: string;
  tenant_id: string;
  email: string;
  created_at: Date;
  credentials_epoch: number;
}

interface HolderRow extends Omit<UserRow, 'id'> {
  id: string | null;
  password_hash: string | null;
  email_verified: boolean;
  suspended: boolean;
  sign_up_hash: string | null;
}

function userFromRow(row: UserRow): UserWithEpoch {
  const { id, tenant_id: tenantId, email, created_at: createdAt, credentials_epoch: credentialsEpoch } = row;
  return { id, tenantId, email, createdAt, credentialsEpoch };
}

/** A sign-in lasts as long as its newest refresh token, so each use extends it. */
const LASTS = `interval '${REFRESH_TOKEN_DAYS} days'`;

const REGISTER = {
  name: 'user-register',
  text: `
INSERT INTO tenant_users (id, tenant_id, email, password_hash, mode) VALUES ($1, $2, $3, $4, $5)
RETURNING id, tenant_id, email, created_at, credentials_epoch`,
};

/** Always one row, found in the same way, whoever owns the address. */
const FIND_BY_EMAIL = {
  name: 'user-find-by-email',
  text: `
SELECT u.id, u.tenant_id, u.email, u.created_at, u.credentials_epoch, u.password_hash,
  u.email_verified_at IS NOT NULL AS email_verified, u.state = 'suspended' AS suspended, first.password_hash AS sign_up_hash
FROM (VALUES ($1::uuid, $2::text, $3::api_key_mode)) AS wanted (tenant_id, email, mode)
LEFT JOIN tenant_users u ON u.tenant_id = wanted.tenant_id AND u.email = wanted.email AND u.mode = wanted.mode
  AND u.state <> 'deleting' AND u.erase_requested_at IS NULL
LEFT JOIN LATERAL (
  SELECT s.password_hash FROM sign_ups s
  WHERE s.tenant_id = wanted.tenant_id AND s.email = wanted.email AND s.mode = wanted.mode AND s.expires_at > now()
  ORDER BY s.created_at, s.id LIMIT 1
) first ON u.id IS NULL`,
};

/** Checks the user and opens the sign-in in one statement. */
const OPEN_SIGN_IN = {
  name: 'sign-in-open',
  text: `
WITH proven AS (
  SELECT u.id FROM tenant_users u
  WHERE u.tenant_id = $2 AND u.id = $3 AND u.credentials_epoch = $5 AND ${MAY_ENTER} FOR SHARE
), s AS (
  INSERT INTO sign_ins (id, tenant_id, user_id, expires_at) SELECT $1, $2, id, now() + ${LASTS} FROM proven
)
INSERT INTO refresh_tokens (token_hash, tenant_id, sign_in_id) SELECT $4, $2, $1 FROM proven`,
};

/** The same for an API key. The lock delays a revocation, which then finds the sign-in. */
const MINT_SIGN_IN = {
  name: 'sign-in-mint',
  text: `
WITH key AS (
  SELECT k.id FROM api_keys k
  WHERE k.tenant_id = $2 AND k.id = $5 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now()) FOR SHARE
), wanted AS (
  SELECT u.id, ${MAY_ENTER} AS may_enter FROM tenant_users u, key
  WHERE u.tenant_id = $2 AND u.id = $3 AND u.mode = $6 AND u.state <> 'deleting' AND u.erase_requested_at IS NULL
  FOR SHARE OF u
), s AS (
  INSERT INTO sign_ins (id, tenant_id, user_id, minted_by, expires_at)
  SELECT $1, $2, id, $5, now() + ${LASTS} FROM wanted WHERE may_enter
), token AS (
  INSERT INTO refresh_tokens (token_hash, tenant_id, sign_in_id) SELECT $4, $2, $1 FROM wanted WHERE may_enter
)
SELECT EXISTS (SELECT FROM key) AS in_force, (SELECT may_enter FROM wanted) AS may_enter`,
};

const CLOSE_SIGN_IN =
  'UPDATE sign_ins SET revoked_at = now() WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL';

/**
 * Checks and uses the token in one statement. Of two concurrent calls, the second waits for the row lock, finds
 * used_at set and changes nothing.
 */
const ROTATE = {
  name: 'refresh-token-rotate',
  text: `
WITH used AS (
  UPDATE refresh_tokens r SET used_at = now()
  FROM sign_ins s JOIN tenant_users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
  WHERE r.token_hash = $1 AND r.tenant_id = $2 AND r.used_at IS NULL
    AND s.tenant_id = r.tenant_id AND s.id = r.sign_in_id AND s.revoked_at IS NULL AND s.expires_at > now()
    AND u.state = 'active' AND u.mode = $4
  RETURNING s.id AS sign_in_id, s.user_id
), prolonged AS (
  UPDATE sign_ins s SET expires_at = now() + ${LASTS} FROM used WHERE s.tenant_id = $2 AND s.id = used.sign_in_id
), next AS (
  INSERT INTO refresh_tokens (token_hash, tenant_id, sign_in_id) SELECT $3, $2, sign_in_id FROM used
)
SELECT sign_in_id, user_id FROM used`,
};

/** Ends the sign-in of a reused token. Within the grace period, it counts as a retry of the same client. */
const REVOKE_REUSED = `
UPDATE sign_ins s SET revoked_at = now() FROM refresh_tokens r
WHERE r.token_hash = $1 AND r.tenant_id = $2 AND r.used_at <= now() - interval '${REUSE_GRACE_SECONDS} seconds'
  AND s.tenant_id = r.tenant_id AND s.id = r.sign_in_id AND s.revoked_at IS NULL`;

/** Whether an unused token belongs to a suspended user. */
const HELD_BACK = `
SELECT FROM refresh_tokens r
JOIN sign_ins s ON s.tenant_id = r.tenant_id AND s.id = r.sign_in_id AND s.revoked_at IS NULL AND s.expires_at > now()
JOIN tenant_users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id AND u.state = 'suspended' AND u.mode = $3
WHERE r.token_hash = $1 AND r.tenant_id = $2 AND r.used_at IS NULL`;

const REPLACE_PASSWORD_HASH = `
UPDATE tenant_users SET password_hash = $4 WHERE tenant_id = $1 AND id = $2 AND password_hash = $3`;

/** Refresh tokens are kept for a day after they end, so that late ones are recognized as used. */

export function createUserStore({ pool }: Database): UserStore {
  return {
    async register(user) {
      const values = [user.id, user.tenantId, user.email, user.passwordHash, user.mode];
      try {
        const { rows } = await askAsTenant<UserRow>(pool, user.tenantId, { ...REGISTER, values });
        return rows.map(userFromRow)[0]!;
      } catch (cause) {
        // Without the cause: PostgreSQL's message contains the address.
        if (brokenConstraint(cause) === 'tenant_users_tenant_id_email_key') {
          throw new CVaultError('email_taken', 'A user with this e-mail exists.');
        }
        throw cause;
      }
    },

    async findByEmail({ tenantId, mode }, email) {
      const values = [tenantId, email, mode];
      const { rows } = await askAsTenant<HolderRow>(pool, tenantId, { ...FIND_BY_EMAIL, values });
      const { id, ...row } = rows[0]!;
      if (id === null) return { user: null, signUpHash: row.sign_up_hash };
      const { password_hash: passwordHash, email_verified: emailVerified, suspended } = row;
      const user = { ...userFromRow({ ...row, id }), passwordHash, emailVerified, suspended };
      return { user, signUpHash: null };
    },

    async openSignIn({ id, refreshTokenHash }, { tenantId, userId, credentialsEpoch }) {
      const values = [id, tenantId, userId, refreshTokenHash, credentialsEpoch];
      return (await askAsTenant(pool, tenantId, { ...OPEN_SIGN_IN, values })).rowCount === 1;
    },

    async mintSignIn({ id, refreshTokenHash }, { tenantId, mode }, userId, keyId) {
      const values = [id, tenantId, userId, refreshTokenHash, keyId, mode];
      const { rows } = await askAsTenant<{ in_force: boolean; may_enter: boolean | null }>(pool, tenantId, {
        ...MINT_SIGN_IN,
        values,
      });
      const { in_force: inForce, may_enter: mayEnter } = rows[0]!;
      if (!inForce) return 'key_ended';
      if (mayEnter === null) return 'not_found';
      return mayEnter ? 'opened' : 'suspended';
    },

    async closeSignIn(tenantId, signInId) {
      await askAsTenant(pool, tenantId, CLOSE_SIGN_IN, [tenantId, signInId]);
    },

    async rotate(tenantId, mode, usedHash, newHash) {
      return asTenant(pool, tenantId, async (db) => {
        const { rows } = await db.query<{ sign_in_id: string; user_id: string }>({
          ...ROTATE,
          values: [usedHash, tenantId, newHash, mode],
        });
        if (rows[0] !== undefined) return { userId: rows[0].user_id, signInId: rows[0].sign_in_id };
        if ((await db.query(HELD_BACK, [usedHash, tenantId, mode])).rowCount === 1) return 'suspended';
        await db.query(REVOKE_REUSED, [usedHash, tenantId]);
        return null;
      });
    },

    async replacePasswordHash(userId, tenantId, oldHash, newHash) {
      await askAsTenant(pool, tenantId, REPLACE_PASSWORD_HASH, [tenantId, userId, oldHash, newHash]);
    },
  };
}
