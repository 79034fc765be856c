import type { ApiKeyStore } from '@cvault/core';
import type { Database } from '../database.ts';
import { API_KEY_COLUMNS, type ApiKeyRow, apiKeyFromRow } from './rows.ts';

export function createApiKeyStore({ pool }: Database): ApiKeyStore {
  return {
    async create(key) {
      const { rows } = await pool.query<ApiKeyRow>(
        `INSERT INTO api_keys (id, tenant_id, name, mode, prefix, key_hash)
         SELECT $1, id, $3, $4::api_key_mode, $5, $6 FROM tenants WHERE id = $2 AND state <> 'deleting'
         RETURNING ${API_KEY_COLUMNS}`,
        [key.id, key.tenantId, key.name, key.mode, key.prefix, key.hash],
      );
      return rows[0] === undefined ? null : apiKeyFromRow(rows[0]);
    },

    async list(tenantId) {
      const { rows } = await pool.query<ApiKeyRow>(
        `SELECT ${API_KEY_COLUMNS} FROM api_keys WHERE tenant_id = $1 ORDER BY id`,
        [tenantId],
      );
      if (rows.length > 0) return rows.map(apiKeyFromRow);
      const { rowCount } = await pool.query('SELECT FROM tenants WHERE id = $1', [tenantId]);
      return rowCount === 0 ? null : [];
    },

    async revoke(tenantId, id) {
      const { rowCount } = await pool.query(
        'UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE tenant_id = $1 AND id = $2',
        [tenantId, id],
      );
      return rowCount === 1;
    },
  };
}
