import type { TenantScope } from '../platform/access/tenant-scope.ts';
import { CVaultError } from '../platform/errors.ts';
import { LINK_HOURS, type LinkPurpose } from './link.ts';
import type { LinkHolder, LinkStore, LinkUse, MailUser, WaitingSignUp } from './ports.ts';
import type pg from 'pg';
import type { Database } from '../platform/db/database.ts';
import { askAsTenant, asTenant } from '../platform/db/tenancy.ts';
import { endCredentials } from '../sign-in/index.ts';

const USER_OF = `
SELECT u.id, u.state = 'active' AND u.erase_requested_at IS NULL AS active, u.email_verified_at IS NOT NULL AS "emailVerified", u.password_hash IS NOT NULL AS "hasPassword"
FROM tenant_users u JOIN tenants t ON t.id = u.tenant_id AND t.state = 'active'
WHERE u.tenant_id = $1 AND u.mode = $2 AND u.email = $3`;

const PUT = `
INSERT INTO user_links (token_hash, tenant_id, user_id, email, purpose, expires_at)
VALUES ($1, $2, $3, $4, $5::link_purpose, now() + $6 * interval '1 hour')
ON CONFLICT (tenant_id, user_id, purpose) DO UPDATE
SET token_hash = EXCLUDED.token_hash, email = EXCLUDED.email, expires_at = EXCLUDED.expires_at`;

/** Joins the user of a link `l`. */
const OF_MODE = 'u.tenant_id = l.tenant_id AND u.id = l.user_id AND u.mode = $2';

const FIND = `
SELECT l.user_id AS "userId", l.email FROM user_links l JOIN tenant_users u ON ${OF_MODE}
WHERE l.tenant_id = $1 AND l.purpose = $3::link_purpose AND l.token_hash = $4 AND l.expires_at > now()`;

/** The link's user, locked so that state and address stay unchanged. */
const HOLDER = `
SELECT l.user_id AS "userId", l.email, u.state FROM user_links l JOIN tenant_users u ON ${OF_MODE} AND u.email = l.email
WHERE l.tenant_id = $1 AND l.purpose = $3::link_purpose AND l.token_hash = $4 AND l.expires_at > now()
  AND u.erase_requested_at IS NULL
FOR NO KEY UPDATE OF u`;

/** One of several concurrent calls gets the row. */
const USE = 'DELETE FROM user_links WHERE tenant_id = $1 AND token_hash = $2';

const VERIFIED = `
UPDATE tenant_users SET email_verified_at = coalesce(email_verified_at, now()) WHERE tenant_id = $1 AND id = $2`;

const SET_PASSWORD = `
UPDATE tenant_users SET password_hash = $3, email_verified_at = coalesce(email_verified_at, now())
WHERE tenant_id = $1 AND id = $2`;

/** The mail's own sign-up, or else the first. */
const SIGN_UP_FOR = `
SELECT id, created_at AS "createdAt" FROM sign_ups
WHERE tenant_id = $1 AND mode = $2 AND email = $3 AND expires_at > now() ORDER BY id <> $4, created_at, id LIMIT 1`;

const PUT_SIGN_UP_LINK = `
UPDATE sign_ups SET token_hash = $3, expires_at = now() + interval '${LINK_HOURS.verify_email} hours'
WHERE tenant_id = $1 AND id = $2`;

const DROP_SIGN_UP = 'DELETE FROM sign_ups WHERE tenant_id = $1 AND id = $2';

const USE_SIGN_UP = `
DELETE FROM sign_ups WHERE tenant_id = $1 AND mode = $2 AND token_hash = $3 AND expires_at > now()
RETURNING email, password_hash AS "passwordHash"`;

/** If the address is taken by now, its owner keeps it and their password. */
const MAKE_USER = `
INSERT INTO tenant_users (id, tenant_id, mode, email, password_hash, email_verified_at) VALUES ($1, $2, $3, $4, $5, now())
ON CONFLICT (tenant_id, email, mode) DO NOTHING`;

const DROP_OTHER_SIGN_UPS = 'DELETE FROM sign_ups WHERE tenant_id = $1 AND mode = $2 AND email = $3';

const INVITE = `
INSERT INTO tenant_users (id, tenant_id, mode, email) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, email, mode) DO NOTHING`;

const INVITED = `
SELECT id FROM tenant_users
WHERE tenant_id = $1 AND mode = $2 AND email = $3 AND password_hash IS NULL AND email_verified_at IS NULL AND state = 'active'`;

/** Uses a link; `done` changes its locked user. */
async function use(
  db: pg.PoolClient,
  { tenantId, mode }: TenantScope,
  purpose: LinkPurpose,
  hash: Buffer,
  done: (userId: string) => Promise<unknown>,
): Promise<LinkUse> {
  const values = [tenantId, mode, purpose, hash];
  const holder = (await db.query<LinkHolder & { state: string }>(HOLDER, values)).rows[0];
  if (holder?.state === 'suspended') return 'suspended';
  if (holder?.state !== 'active') return 'invalid';
  if ((await db.query(USE, [tenantId, hash])).rowCount === 0) return 'invalid';
  await done(holder.userId);
  return 'used';
}

async function useSignUp(
  db: pg.PoolClient,
  { tenantId, mode }: TenantScope,
  hash: Buffer,
  newUserId: string,
): Promise<LinkUse> {
  const { rows } = await db.query<{ email: string; passwordHash: string }>(USE_SIGN_UP, [
    tenantId,
    mode,
    hash,
  ]);
  if (rows[0] === undefined) return 'invalid';
  const { email, passwordHash } = rows[0];
  const made = await db.query(MAKE_USER, [newUserId, tenantId, mode, email, passwordHash]);
  await db.query(DROP_OTHER_SIGN_UPS, [tenantId, mode, email]);
  return made.rowCount === 1 ? 'used' : 'invalid';
}

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

    async signUpFor({ tenantId, mode }, email, mailId) {
      const values = [tenantId, mode, email, mailId];
      return (await askAsTenant<WaitingSignUp>(pool, tenantId, SIGN_UP_FOR, values)).rows[0] ?? null;
    },

    async putSignUpLink(tenantId, signUpId, hash) {
      return (await askAsTenant(pool, tenantId, PUT_SIGN_UP_LINK, [tenantId, signUpId, hash])).rowCount === 1;
    },

    async dropSignUp(tenantId, signUpId) {
      await askAsTenant(pool, tenantId, DROP_SIGN_UP, [tenantId, signUpId]);
    },

    verifyEmail: (scope, hash, newUserId) =>
      asTenant(pool, scope.tenantId, async (db) => {
        const outcome = await use(db, scope, 'verify_email', hash, (userId) =>
          db.query(VERIFIED, [scope.tenantId, userId]),
        );
        return outcome === 'invalid' ? useSignUp(db, scope, hash, newUserId) : outcome;
      }),

    setPassword: (scope, purpose, hash, passwordHash) =>
      asTenant(pool, scope.tenantId, (db) =>
        use(db, scope, purpose, hash, async (userId) => {
          await db.query(SET_PASSWORD, [scope.tenantId, userId, passwordHash]);
          await endCredentials(db, 'password_reset', scope.tenantId, [userId]);
        }),
      ),

    invite: ({ tenantId, mode }, { id, email }) =>
      asTenant(pool, tenantId, async (db) => {
        if ((await db.query(INVITE, [id, tenantId, mode, email])).rowCount === 1) return id;
        const { rows } = await db.query<{ id: string }>(INVITED, [tenantId, mode, email]);
        if (rows[0] === undefined) throw new CVaultError('email_taken', 'A user with this e-mail exists.');
        return rows[0].id;
      }),
  };
}
