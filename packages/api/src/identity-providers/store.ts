import type { ProvenUser } from '../platform/access/principal.ts';
import { CVaultError } from '../platform/errors.ts';
import type { IdentityProvider, IdentityProviderStore, VerifiedIdToken } from './service.ts';
import type pg from 'pg';
import { brokenConstraint, type Database } from '../platform/db/database.ts';
import { askAsTenant, asTenant } from '../platform/db/tenancy.ts';
import { endCredentials } from '../sign-in/index.ts';

const COLUMNS = `id, name, issuer, audiences, algorithms, jwks_url AS "jwksUrl", jwks, created_at AS "createdAt"`;

const CREATE = `
INSERT INTO identity_providers (id, tenant_id, name, issuer, audiences, algorithms, jwks_url, jwks)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING ${COLUMNS}`;
const LIST = `SELECT ${COLUMNS} FROM identity_providers WHERE tenant_id = $1 ORDER BY id`;
const FIND = `SELECT ${COLUMNS} FROM identity_providers WHERE tenant_id = $1 AND issuer = $2`;

/**
 * Removing a provider waits for running exchanges and ends the sign-ins of their users; later exchanges wait for
 * the removal.
 */
const LOCK_PROVIDER = "SELECT pg_advisory_xact_lock(hashtextextended('provider ' || $1, 0))";
const SHARE_PROVIDER = "SELECT pg_advisory_xact_lock_shared(hashtextextended('provider ' || $1, 0))";
const EXISTS = 'SELECT FROM identity_providers WHERE tenant_id = $1 AND id = $2';
const ITS_USERS = `
SELECT DISTINCT user_id FROM user_identities WHERE tenant_id = $1 AND provider_id = $2 ORDER BY user_id`;
const REMOVE = 'DELETE FROM identity_providers WHERE tenant_id = $1 AND id = $2';

/** Checks and uses the token in one statement: of concurrent calls, one inserts the row. */
const USE = `
INSERT INTO used_id_tokens (tenant_id, provider_id, fingerprint, expires_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, provider_id, fingerprint) DO NOTHING`;

/** Two concurrent tokens of a new subject create one user. */
const LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('subject ' || $1 || ' ' || $2, 0))";

const USER = `
SELECT u.id, u.state, u.credentials_epoch FROM user_identities i JOIN tenant_users u ON u.tenant_id = i.tenant_id AND u.id = i.user_id
WHERE i.tenant_id = $1 AND i.provider_id = $2 AND i.subject = $3`;

/**
 * An address that nobody has (RFC 2606). The provider's e-mail claim proves nothing to us, and must not keep the
 * real owner from signing up.
 */
const MAKE_USER = `
INSERT INTO tenant_users (id, tenant_id, email) VALUES ($1::uuid, $2, $1::text || '@users.invalid')`;
const MAKE_IDENTITY = `
INSERT INTO user_identities (tenant_id, provider_id, subject, user_id) VALUES ($1, $2, $3, $4)`;

async function useToken(
  db: pg.PoolClient,
  tenantId: string,
  providerId: string,
  { subject, fingerprint, expiresAt }: VerifiedIdToken,
  newUserId: string,
): Promise<ProvenUser | 'suspended' | null> {
  await db.query(SHARE_PROVIDER, [providerId]);
  if ((await db.query(EXISTS, [tenantId, providerId])).rowCount === 0) return null;
  await db.query(LOCK, [providerId, subject]);
  const { rows } = await db.query<{ id: string; state: string; credentials_epoch: number }>(USER, [
    tenantId,
    providerId,
    subject,
  ]);
  const [user] = rows;
  if (user?.state === 'suspended') return 'suspended';
  if ((await db.query(USE, [tenantId, providerId, fingerprint, expiresAt])).rowCount === 0) return null;
  if (user !== undefined) {
    return user.state === 'active'
      ? { tenantId, userId: user.id, credentialsEpoch: user.credentials_epoch }
      : null;
  }
  await db.query(MAKE_USER, [newUserId, tenantId]);
  await db.query(MAKE_IDENTITY, [tenantId, providerId, subject, newUserId]);
  return { tenantId, userId: newUserId, credentialsEpoch: 0 };
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
          throw new CVaultError('name_taken', `You have an identity provider with the issuer ${issuer}.`, {
            cause,
            faults: [{ pointer: '/issuer', message: 'is the issuer of an identity provider that you have' }],
          });
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
        await db.query(LOCK_PROVIDER, [id]);
        const { rows } = await db.query<{ user_id: string }>(ITS_USERS, [tenantId, id]);
        const userIds = rows.map((row) => row.user_id);
        await endCredentials(db, 'identity_provider_removed', tenantId, userIds);
        return (await db.query(REMOVE, [tenantId, id])).rowCount === 1;
      }),

    useToken: (tenantId, providerId, token, newUserId) =>
      asTenant(pool, tenantId, (db) => useToken(db, tenantId, providerId, token, newUserId)),
  };
}
