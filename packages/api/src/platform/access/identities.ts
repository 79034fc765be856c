import type { ApiKeyMode } from './api-key.ts';
import type { FoundIdentity, IdentityStore } from './ports.ts';
import type { Scope } from './scopes.ts';
import type { Database } from '../db/database.ts';

interface IdentityRow {
  tenant_id: string;
  state: 'active' | 'suspended' | 'deleting';
  key_id: string;
  key_mode: ApiKeyMode;
  key_scopes: Scope[] | null;
  source_allowed: boolean;
  password_length_min: number;
  auth_rate_limit: number;
  auth_rate_window_seconds: number;
  tenant_rate_limit: number;
  key_rate_limit: number;
  user_rate_limit: number;
  client_rate_limit: number;
  user_id: string | null;
  email: string | null;
  user_created_at: Date | null;
  user_suspended: boolean | null;
  credentials_epoch: number | null;
}

/**
 * Reads key, tenant, sign-in and user of a request at once, by four primary or unique keys. The sign-in is looked
 * up within the key's own tenant, so another tenant's token finds nothing.
 */
const FIND = {
  name: 'identity-find',
  text: `
SELECT t.id AS tenant_id, t.state, t.password_length_min, t.auth_rate_limit, t.auth_rate_window_seconds,
  t.tenant_rate_limit, t.key_rate_limit, t.user_rate_limit, t.client_rate_limit,
  k.id AS key_id, k.mode AS key_mode, k.scopes AS key_scopes,
  (k.allowed_sources = '{}' OR $4::inet <<= ANY (k.allowed_sources)) IS TRUE AS source_allowed,
  u.id AS user_id, u.email, u.created_at AS user_created_at, u.state = 'suspended' AS user_suspended, u.credentials_epoch
FROM api_keys k
JOIN tenants t ON t.id = k.tenant_id
LEFT JOIN sign_ins s
  ON s.tenant_id = k.tenant_id AND s.id = $2 AND s.user_id = $3 AND s.revoked_at IS NULL AND s.expires_at > now()
LEFT JOIN tenant_users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id AND u.state <> 'deleting' AND u.mode = k.mode
WHERE k.key_hash = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())`,
};

function userFromRow(row: IdentityRow): FoundIdentity['user'] {
  if (row.user_id === null) return null;
  return {
    id: row.user_id,
    email: row.email!,
    createdAt: row.user_created_at!,
    credentialsEpoch: row.credentials_epoch!,
    suspended: row.user_suspended!,
  };
}

export function createIdentityStore({ pool }: Database): IdentityStore {
  return {
    async find(apiKeyHash, source, signIn) {
      const values = [apiKeyHash, signIn?.signInId ?? null, signIn?.userId ?? null, source];
      const row = (await pool.query<IdentityRow>({ ...FIND, values })).rows[0];
      if (row === undefined) return null;
      return {
        tenantId: row.tenant_id,
        tenantState: row.state,
        policy: {
          passwordLengthMin: row.password_length_min,
          authRateLimit: row.auth_rate_limit,
          authRateWindowSeconds: row.auth_rate_window_seconds,
          tenantRateLimit: row.tenant_rate_limit,
          keyRateLimit: row.key_rate_limit,
          userRateLimit: row.user_rate_limit,
          clientRateLimit: row.client_rate_limit,
        },
        key: {
          id: row.key_id,
          mode: row.key_mode,
          scopes: row.key_scopes,
          sourceAllowed: row.source_allowed,
        },
        user: userFromRow(row),
      };
    },
  };
}
