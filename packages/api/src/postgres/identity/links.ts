import { CVaultError, LINK_HOURS, type LinkHolder, type LinkStore, type MailUser } from '@cvault/core';
import type { Database } from '../database.ts';
import { askAsTenant, asTenant } from '../tenancy.ts';

const USER_OF = `
SELECT u.id, u.email_verified_at IS NOT NULL AS "emailVerified", u.password_hash IS NOT NULL AS "hasPassword"
FROM tenant_users u JOIN tenants t ON t.id = u.tenant_id AND t.state = 'active'
WHERE u.tenant_id = $1 AND u.mode = $2 AND u.email = $3 AND u.state = 'active'`;

const PUT = `
INSERT INTO user_links (token_hash, tenant_id, user_id, email, purpose, expires_at)
VALUES ($1, $2, $3, $4, $5::link_purpose, now() + $6 * interval '1 hour')
ON CONFLICT (tenant_id, user_id, purpose) DO UPDATE
SET token_hash = EXCLUDED.token_hash, email = EXCLUDED.email, expires_at = EXCLUDED.expires_at`;

/** Whose user a link `l` stands for. */
const OF_MODE = 'u.tenant_id = l.tenant_id AND u.id = l.user_id AND u.mode = $2';

const FIND = `
SELECT l.user_id AS "userId", l.email FROM user_links l JOIN tenant_users u ON ${OF_MODE}
WHERE l.tenant_id = $1 AND l.purpose = $3::link_purpose AND l.token_hash = $4 AND l.expires_at > now()`;

/** Checks and uses the link in one statement: of many at once, one gets the row. */
const USE = `
DELETE FROM user_links l USING tenant_users u
WHERE ${OF_MODE} AND l.tenant_id = $1 AND l.purpose = $3::link_purpose AND l.token_hash = $4 AND l.expires_at > now()
RETURNING l.user_id AS "userId", l.email`;

const VERIFIED = `
UPDATE tenant_users SET email_verified_at = coalesce(email_verified_at, now())
WHERE tenant_id = $1 AND id = $2 AND email = $3 AND state = 'active'`;

const SET_PASSWORD = `
UPDATE tenant_users SET password_hash = $4, email_verified_at = coalesce(email_verified_at, now())
WHERE tenant_id = $1 AND id = $2 AND email = $3 AND state = 'active'`;

const CLOSE_SIGN_INS = `
UPDATE sign_ins SET revoked_at = now() WHERE tenant_id = $1 AND user_id = $2 AND revoked_at IS NULL`;

/** Another link that sets the password would set it a second time. */
const DROP_OTHERS = `
DELETE FROM user_links WHERE tenant_id = $1 AND user_id = $2 AND purpose IN ('reset_password', 'invitation')`;

const INVITE = `
INSERT INTO tenant_users (id, tenant_id, mode, email) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, email, mode) DO NOTHING`;

const INVITED = `
SELECT id FROM tenant_users
WHERE tenant_id = $1 AND mode = $2 AND email = $3 AND password_hash IS NULL AND email_verified_at IS NULL AND state = 'active'`;

export function createLinkStore({ pool }: Database): LinkStore {
  return {
    userOf: ({ tenantId, mode }, email) =>
      asTenant(
        pool,
        tenantId,
        async (db) => (await db.query<MailUser>(USER_OF, [tenantId, mode, email])).rows[0] ?? null,
      ),

    async put(tenantId, { userId, email, purpose, hash }) {
      const values = [hash, tenantId, userId, email, purpose, LINK_HOURS[purpose]];
      await askAsTenant(pool, tenantId, PUT, values);
    },

    find: ({ tenantId, mode }, purpose, hash) =>
      asTenant(
        pool,
        tenantId,
        async (db) => (await db.query<LinkHolder>(FIND, [tenantId, mode, purpose, hash])).rows[0] ?? null,
      ),

    verifyEmail: ({ tenantId, mode }, hash) =>
      asTenant(pool, tenantId, async (db) => {
        const used = (await db.query<LinkHolder>(USE, [tenantId, mode, 'verify_email', hash])).rows[0];
        if (used === undefined) return false;
        return (await db.query(VERIFIED, [tenantId, used.userId, used.email])).rowCount === 1;
      }),

    setPassword: ({ tenantId, mode }, purpose, hash, passwordHash) =>
      asTenant(pool, tenantId, async (db) => {
        const used = (await db.query<LinkHolder>(USE, [tenantId, mode, purpose, hash])).rows[0];
        if (used === undefined) return false;
        const { rowCount } = await db.query(SET_PASSWORD, [tenantId, used.userId, used.email, passwordHash]);
        if (rowCount === 0) return false;
        await db.query(DROP_OTHERS, [tenantId, used.userId]);
        await db.query(CLOSE_SIGN_INS, [tenantId, used.userId]);
        return true;
      }),

    invite: ({ tenantId, mode }, { id, email }) =>
      asTenant(pool, tenantId, async (db) => {
        if ((await db.query(INVITE, [id, tenantId, mode, email])).rowCount === 1) return id;
        const { rows } = await db.query<{ id: string }>(INVITED, [tenantId, mode, email]);
        if (rows[0] === undefined) throw new CVaultError('email_taken', 'A user with this e-mail exists.');
        return rows[0].id;
      }),

    async forgetExpired() {
      return (await pool.query('DELETE FROM user_links WHERE expires_at < now()')).rowCount ?? 0;
    },
  };
}
