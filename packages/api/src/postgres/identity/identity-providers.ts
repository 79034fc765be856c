import {
  CVaultError,
  type IdentityProvider,
  type IdentityProviderStore,
  type VerifiedIdToken,
} from '@cvault/core';
import type pg from 'pg';
import { brokenConstraint, type Database } from '../database.ts';
import { askAsTenant, asTenant } from '../tenancy.ts';

const COLUMNS = `id, name, issuer, audiences, algorithms, jwks_url AS "jwksUrl", jwks, created_at AS "createdAt"`;

const CREATE = `
INSERT INTO identity_providers (id, tenant_id, name, issuer, audiences, algorithms, jwks_url, jwks)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING ${COLUMNS}`;
const LIST = `SELECT ${COLUMNS} FROM identity_providers WHERE tenant_id = $1 ORDER BY id`;
const FIND = `SELECT ${COLUMNS} FROM identity_providers WHERE tenant_id = $1 AND issuer = $2`;

const END_SIGN_INS = `
UPDATE sign_ins s SET revoked_at = now() FROM user_identities i
WHERE i.tenant_id = $1 AND i.provider_id = $2 AND s.tenant_id = i.tenant_id AND s.user_id = i.user_id
  AND s.revoked_at IS NULL`;
const REMOVE = 'DELETE FROM identity_providers WHERE tenant_id = $1 AND id = $2';

/** Checks and uses the token in one statement: of many at once, one gets to write the row. */
const USE = `
INSERT INTO used_id_tokens (tenant_id, provider_id, fingerprint, expires_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, provider_id, fingerprint) DO NOTHING`;

/** Two tokens of one new subject at once make one user. */
const LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('subject ' || $1 || ' ' || $2, 0))";

const USER = `
SELECT u.id, u.state FROM user_identities i JOIN tenant_users u ON u.tenant_id = i.tenant_id AND u.id = i.user_id
WHERE i.tenant_id = $1 AND i.provider_id = $2 AND i.subject = $3`;

/**
 * The address is nobody's (RFC 2606): the provider's word for an e-mail is not proof to us, and must not bar the user who
 * really has it from signing up.
 */
const MAKE_USER = `
INSERT INTO tenant_users (id, tenant_id, email) VALUES ($1::uuid, $2, $1::text || '@users.invalid')`;
const MAKE_IDENTITY = `
INSERT INTO user_identities (tenant_id, provider_id, subject, user_id) VALUES ($1, $2, $3, $4)`;

async function userOf(
  db: pg.PoolClient,
  tenantId: string,
  providerId: string,
  { subject }: VerifiedIdToken,
  newUserId: string,
): Promise<string | null> {
  await db.query(LOCK, [providerId, subject]);
  const { rows } = await db.query<{ id: string; state: string }>(USER, [tenantId, providerId, subject]);
  const [user] = rows;
  if (user !== undefined) return user.state === 'active' ? user.id : null;
  await db.query(MAKE_USER, [newUserId, tenantId]);
  await db.query(MAKE_IDENTITY, [tenantId, providerId, subject, newUserId]);
  return newUserId;
}

export function createIdentityProviderStore({ pool }: Database): IdentityProviderStore {
  return {
    async create(tenantId, id, { name, issuer, audiences, algorithms, jwksUrl, jwks }) {
      const values = [id, tenantId, name, issuer, audiences, algorithms, jwksUrl, jwks];
      try {
        const { rows } = await askAsTenant<IdentityProvider>(pool, tenantId, CREATE, values);
        return rows[0]!;
      } catch (cause) {
        if (brokenConstraint(cause) === 'identity_providers_tenant_id_issuer_key') {
          throw new CVaultError('name_taken', 'There is an identity provider with this issuer.', { cause });
        }
        throw cause;
      }
    },

    list: (tenantId) =>
      asTenant(pool, tenantId, async (db) => (await db.query<IdentityProvider>(LIST, [tenantId])).rows),

    findByIssuer: (tenantId, issuer) =>
      asTenant(
        pool,
        tenantId,
        async (db) => (await db.query<IdentityProvider>(FIND, [tenantId, issuer])).rows[0] ?? null,
      ),

    remove: (tenantId, id) =>
      asTenant(pool, tenantId, async (db) => {
        await db.query(END_SIGN_INS, [tenantId, id]);
        return (await db.query(REMOVE, [tenantId, id])).rowCount === 1;
      }),

    useToken: (tenantId, providerId, token, newUserId) =>
      asTenant(pool, tenantId, async (db) => {
        const used = await db.query(USE, [tenantId, providerId, token.fingerprint, token.expiresAt]);
        return used.rowCount === 0 ? null : userOf(db, tenantId, providerId, token, newUserId);
      }),

    maySignIn: ({ tenantId, mode }, userId) =>
      asTenant(pool, tenantId, async (db) => {
        const { rowCount } = await db.query(
          "SELECT FROM tenant_users WHERE tenant_id = $1 AND id = $2 AND mode = $3 AND state = 'active'",
          [tenantId, userId, mode],
        );
        return rowCount === 1;
      }),

    async forgetUsedTokens() {
      return (await pool.query('DELETE FROM used_id_tokens WHERE expires_at < now()')).rowCount ?? 0;
    },
  };
}
