import {
  CVaultError,
  REFRESH_TOKEN_DAYS,
  REUSE_GRACE_SECONDS,
  type User,
  type UserStore,
} from '@cvault/core';
import { brokenConstraint, type Database } from '../database.ts';
import { askAsTenant, asTenant } from '../tenancy.ts';

interface UserRow {
  id: string;
  tenant_id: string;
  email: string;
  created_at: Date;
}

function userFromRow(row: UserRow): User {
  return { id: row.id, tenantId: row.tenant_id, email: row.email, createdAt: row.created_at };
}

/** A sign-in lasts as long as its newest refresh token; each use prolongs it. */
const LASTS = `interval '${REFRESH_TOKEN_DAYS} days'`;

const REGISTER = {
  name: 'user-register',
  text: `
INSERT INTO tenant_users (id, tenant_id, email, password_hash, mode) VALUES ($1, $2, $3, $4, $5)
RETURNING id, tenant_id, email, created_at`,
};

const REGISTER_UNVERIFIED = `
INSERT INTO tenant_users (id, tenant_id, email, password_hash, mode) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, email, mode) DO UPDATE SET password_hash = EXCLUDED.password_hash
WHERE tenant_users.email_verified_at IS NULL AND tenant_users.password_hash IS NOT NULL`;

const FIND_BY_EMAIL = {
  name: 'user-find-by-email',
  text: `
SELECT id, tenant_id, email, password_hash, created_at, email_verified_at IS NOT NULL AS email_verified FROM tenant_users
WHERE tenant_id = $1 AND email = $2 AND mode = $3 AND state = 'active'`,
};

const OPEN_SIGN_IN = {
  name: 'sign-in-open',
  text: `
WITH s AS (
  INSERT INTO sign_ins (id, tenant_id, user_id, expires_at) VALUES ($1, $2, $3, now() + ${LASTS})
)
INSERT INTO refresh_tokens (token_hash, tenant_id, sign_in_id) VALUES ($4, $2, $1)`,
};

const CLOSE_SIGN_IN =
  'UPDATE sign_ins SET revoked_at = now() WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL';

/**
 * Checks and uses the token in one statement. Of two at once, the second waits for the first's row lock, then finds
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

/** Ends the sign-in of a token that was used before. Within the grace it is the same client's second try. */
const REVOKE_REUSED = `
UPDATE sign_ins s SET revoked_at = now() FROM refresh_tokens r
WHERE r.token_hash = $1 AND r.tenant_id = $2 AND r.used_at <= now() - interval '${REUSE_GRACE_SECONDS} seconds'
  AND s.tenant_id = r.tenant_id AND s.id = r.sign_in_id AND s.revoked_at IS NULL`;

const REPLACE_PASSWORD_HASH = `
UPDATE tenant_users SET password_hash = $4 WHERE tenant_id = $1 AND id = $2 AND password_hash = $3`;

/** Kept for a day after they end, so that a token that comes late is still known for a used one. */
const FORGET_ENDED = `
DELETE FROM sign_ins WHERE least(expires_at, revoked_at) < now() - interval '1 day'`;

export function createUserStore({ pool }: Database): UserStore {
  return {
    async register(user) {
      const values = [user.id, user.tenantId, user.email, user.passwordHash, user.mode];
      try {
        const { rows } = await askAsTenant<UserRow>(pool, user.tenantId, { ...REGISTER, values });
        return rows.map(userFromRow)[0]!;
      } catch (cause) {
        // Without the cause: PostgreSQL's words for it hold the address.
        if (brokenConstraint(cause) === 'tenant_users_tenant_id_email_key') {
          throw new CVaultError('email_taken', 'A user with this e-mail exists.');
        }
        throw cause;
      }
    },

    async registerUnverified({ id, tenantId, mode, email, passwordHash }) {
      await askAsTenant(pool, tenantId, REGISTER_UNVERIFIED, [id, tenantId, email, passwordHash, mode]);
    },

    async findByEmail(tenantId, mode, email) {
      const { rows } = await askAsTenant<UserRow & { password_hash: string | null; email_verified: boolean }>(
        pool,
        tenantId,
        {
          ...FIND_BY_EMAIL,
          values: [tenantId, email, mode],
        },
      );
      const [row] = rows;
      if (row === undefined) return null;
      return { ...userFromRow(row), passwordHash: row.password_hash, emailVerified: row.email_verified };
    },

    async openSignIn({ id, tenantId, userId, refreshTokenHash }) {
      await askAsTenant(pool, tenantId, {
        ...OPEN_SIGN_IN,
        values: [id, tenantId, userId, refreshTokenHash],
      });
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
        await db.query(REVOKE_REUSED, [usedHash, tenantId]);
        return null;
      });
    },

    async replacePasswordHash(userId, tenantId, oldHash, newHash) {
      await askAsTenant(pool, tenantId, REPLACE_PASSWORD_HASH, [tenantId, userId, oldHash, newHash]);
    },

    async forgetEndedSignIns() {
      return (await pool.query(FORGET_ENDED)).rowCount ?? 0;
    },
  };
}
