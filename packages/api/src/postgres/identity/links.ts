import { CVaultError, LINK_HOURS, type LinkHolder, type LinkStore, type MailUser } from '@cvault/core';
import type { Database } from '../database.ts';
import { asTenant } from '../tenancy.ts';

const USER_OF = `
SELECT u.id, u.email_verified_at IS NOT NULL AS "emailVerified", u.password_hash IS NOT NULL AS "hasPassword"
FROM tenant_users u JOIN tenants t ON t.id = u.tenant_id AND t.state = 'active'
WHERE u.tenant_id = $1 AND u.email = $2 AND u.state = 'active'`;

const PUT = `
INSERT INTO user_links (token_hash, tenant_id, user_id, email, purpose, expires_at)
VALUES ($1, $2, $3, $4, $5::link_purpose, now() + $6 * interval '1 hour')
ON CONFLICT (tenant_id, user_id, purpose) DO UPDATE
SET token_hash = EXCLUDED.token_hash, email = EXCLUDED.email, expires_at = EXCLUDED.expires_at`;

const FIND = `
SELECT user_id AS "userId", email FROM user_links
WHERE tenant_id = $1 AND purpose = $2::link_purpose AND token_hash = $3 AND expires_at > now()`;

/** Checks and uses the link in one statement: of many at once, one gets the row. */
const USE = `
DELETE FROM user_links WHERE tenant_id = $1 AND purpose = $2::link_purpose AND token_hash = $3 AND expires_at > now()
RETURNING user_id AS "userId", email`;

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
INSERT INTO tenant_users (id, tenant_id, email) VALUES ($1, $2, $3)
ON CONFLICT (tenant_id, email) DO NOTHING`;

const INVITED = `
SELECT id FROM tenant_users
WHERE tenant_id = $1 AND email = $2 AND password_hash IS NULL AND email_verified_at IS NULL AND state = 'active'`;

export function createLinkStore({ pool }: Database): LinkStore {
  return {
    userOf: (tenantId, email) =>
      asTenant(
        pool,
        tenantId,
        async (db) => (await db.query<MailUser>(USER_OF, [tenantId, email])).rows[0] ?? null,
      ),

    async put(tenantId, { userId, email, purpose, hash }) {
      const values = [hash, tenantId, userId, email, purpose, LINK_HOURS[purpose]];
      await asTenant(pool, tenantId, (db) => db.query(PUT, values));
    },

    find: (tenantId, purpose, hash) =>
      asTenant(
        pool,
        tenantId,
        async (db) => (await db.query<LinkHolder>(FIND, [tenantId, purpose, hash])).rows[0] ?? null,
      ),

    verifyEmail: (tenantId, hash) =>
      asTenant(pool, tenantId, async (db) => {
        const used = (await db.query<LinkHolder>(USE, [tenantId, 'verify_email', hash])).rows[0];
        if (used === undefined) return false;
        return (await db.query(VERIFIED, [tenantId, used.userId, used.email])).rowCount === 1;
      }),

    setPassword: (tenantId, purpose, hash, passwordHash) =>
      asTenant(pool, tenantId, async (db) => {
        const used = (await db.query<LinkHolder>(USE, [tenantId, purpose, hash])).rows[0];
        if (used === undefined) return false;
        const { rowCount } = await db.query(SET_PASSWORD, [tenantId, used.userId, used.email, passwordHash]);
        if (rowCount === 0) return false;
        await db.query(DROP_OTHERS, [tenantId, used.userId]);
        await db.query(CLOSE_SIGN_INS, [tenantId, used.userId]);
        return true;
      }),

    invite: (tenantId, { id, email }) =>
      asTenant(pool, tenantId, async (db) => {
        if ((await db.query(INVITE, [id, tenantId, email])).rowCount === 1) return id;
        const { rows } = await db.query<{ id: string }>(INVITED, [tenantId, email]);
        if (rows[0] === undefined) throw new CVaultError('email_taken', 'A user with this e-mail exists.');
        return rows[0].id;
      }),

    async forgetExpired() {
      return (await pool.query('DELETE FROM user_links WHERE expires_at < now()')).rowCount ?? 0;
    },
  };
}
