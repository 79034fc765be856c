import { type ApiKey, type ApiKeyStore, CVaultError, type NewApiKeyRow } from '@cvault/core';
import type pg from 'pg';
import type { Database } from '../database.ts';
import { asTenant } from '../tenancy.ts';
import { API_KEY_COLUMNS, type ApiKeyRow, apiKeyFromRow } from './rows.ts';

/** Keys of one tenant that open something. Far above any use, far below what would slow anything down. */
const KEYS_MAX = 100;

const OPENS = '(revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()))';

const OF_SCOPE = 'tenant_id = $1 AND ($2::api_key_mode IS NULL OR mode = $2)';

/** The lock on the tenant's row has parallel calls count each other's keys. */
async function insert(db: pg.PoolClient, key: NewApiKeyRow): Promise<ApiKey | null> {
  const tenant = await db.query(
    "SELECT FROM tenants WHERE id = $1 AND state <> 'deleting' FOR NO KEY UPDATE",
    [key.tenantId],
  );
  if (tenant.rowCount === 0) return null;
  const { rows } = await db.query<ApiKeyRow>(
    `INSERT INTO api_keys (id, tenant_id, name, mode, prefix, key_hash, scopes, allowed_sources, expires_at)
     SELECT $1, $2, $3, $4::api_key_mode, $5, $6, $7::text[], $8::inet[], $9
     WHERE (SELECT count(*) FROM api_keys WHERE tenant_id = $2 AND ${OPENS}) < ${KEYS_MAX}
     RETURNING ${API_KEY_COLUMNS}`,
    [
      key.id,
      key.tenantId,
      key.name,
      key.mode,
      key.prefix,
      key.hash,
      key.scopes,
      key.allowedSources,
      key.expiresAt,
    ],
  );
  if (rows[0] === undefined)
    throw new CVaultError('key_limit_reached', `A tenant has at most ${KEYS_MAX} API keys in use.`);
  return apiKeyFromRow(rows[0]);
}

export function createApiKeyStore({ pool }: Database): ApiKeyStore {
  return {
    create: (key) => asTenant(pool, key.tenantId, (db) => insert(db, key)),

    list: ({ tenantId, mode }, page) =>
      asTenant(pool, tenantId, async (db) => {
        const { rows } = await db.query<ApiKeyRow>(
          `SELECT ${API_KEY_COLUMNS} FROM api_keys WHERE ${OF_SCOPE} AND ($4::uuid IS NULL OR id > $4)
           ORDER BY id LIMIT $3`,
          [tenantId, mode, page?.limit ?? null, page?.afterId ?? null],
        );
        if (rows.length > 0) return rows.map(apiKeyFromRow);
        const { rowCount } = await db.query('SELECT FROM tenants WHERE id = $1', [tenantId]);
        return rowCount === 0 ? null : [];
      }),

    async anyForTest() {
      const { rowCount } = await pool.query(`SELECT FROM api_keys WHERE mode = 'test' AND ${OPENS} LIMIT 1`);
      return rowCount === 1;
    },

    find: ({ tenantId, mode }, id) =>
      asTenant(pool, tenantId, async (db) => {
        const { rows } = await db.query<ApiKeyRow>(
          `SELECT ${API_KEY_COLUMNS} FROM api_keys WHERE ${OF_SCOPE} AND id = $3`,
          [tenantId, mode, id],
        );
        return rows[0] === undefined ? null : apiKeyFromRow(rows[0]);
      }),

    revoke: ({ tenantId, mode }, id) =>
      asTenant(pool, tenantId, async (db) => {
        const { rowCount } = await db.query(
          `UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE ${OF_SCOPE} AND id = $3`,
          [tenantId, mode, id],
        );
        return rowCount === 1;
      }),

    replace: (id, overlapSeconds, successor) =>
      asTenant(pool, successor.tenantId, async (db) => {
        const { rowCount } = await db.query(
          `UPDATE api_keys SET expires_at = least(expires_at, now() + $3 * interval '1 second')
           WHERE tenant_id = $1 AND id = $2 AND ${OPENS}`,
          [successor.tenantId, id, overlapSeconds],
        );
        return rowCount === 0 ? null : insert(db, successor);
      }),
  };
}
