import { notFound } from '../platform/errors.ts';
import type { AccountStore, SignIn } from './ports.ts';
import { REFRESH_TOKEN_DAYS } from './refresh-tokens.ts';
import type { Database } from '../platform/db/database.ts';
import { asTenant } from '../platform/db/tenancy.ts';
import { endCredentials, MAY_ENTER } from './end-credentials.ts';

const PASSWORD_HASH = 'SELECT password_hash FROM tenant_users WHERE tenant_id = $1 AND id = $2';

const CHANGE_PASSWORD = `
UPDATE tenant_users u SET password_hash = $4
WHERE tenant_id = $1 AND id = $2 AND password_hash IS NOT DISTINCT FROM $3 AND credentials_epoch = $5 AND ${MAY_ENTER}`;

const CLOSE = `
UPDATE sign_ins SET revoked_at = now()
WHERE tenant_id = $1 AND user_id = $2 AND id = $3 AND revoked_at IS NULL AND expires_at > now()`;

/** Each use extends a sign-in by this many days, so its end reveals its last use. */
const LIST = `
SELECT id, created_at AS "createdAt", expires_at AS "expiresAt",
  expires_at - interval '${REFRESH_TOKEN_DAYS} days' AS "usedAt"
FROM sign_ins WHERE tenant_id = $1 AND user_id = $2 AND revoked_at IS NULL AND expires_at > now()
ORDER BY id DESC`;

export function createAccountStore({ pool }: Database): AccountStore {
  return {
    passwordHashOf: (tenantId, userId) =>
      asTenant(pool, tenantId, async (db) => {
        const { rows } = await db.query<{ password_hash: string | null }>(PASSWORD_HASH, [tenantId, userId]);
        if (rows[0] === undefined) throw notFound('user');
        return rows[0].password_hash;
      }),

    changePassword: ({ tenantId, userId, credentialsEpoch }, oldHash, newHash, keptSignInId) =>
      asTenant(pool, tenantId, async (db) => {
        const values = [tenantId, userId, oldHash, newHash, credentialsEpoch];
        if ((await db.query(CHANGE_PASSWORD, values)).rowCount === 0) return false;
        await endCredentials(db, 'password_changed', tenantId, [userId], keptSignInId);
        return true;
      }),

    signInsOf: (tenantId, userId) =>
      asTenant(pool, tenantId, async (db) => (await db.query<SignIn>(LIST, [tenantId, userId])).rows),

    closeSignIn: (tenantId, userId, signInId) =>
      asTenant(pool, tenantId, async (db) => {
        const { rowCount } = await db.query(CLOSE, [tenantId, userId, signInId]);
        return rowCount === 1;
      }),

    async logoutEverywhere(tenantId, userId) {
      await asTenant(pool, tenantId, (db) => endCredentials(db, 'logged_out_everywhere', tenantId, [userId]));
    },
  };
}
