import type { ApiKey } from './api-key.ts';
import type { ApiKeyStore, NewApiKeyRow } from './ports.ts';
import { API_KEY_COLUMNS, type ApiKeyRow, apiKeyFromRow } from './rows.ts';
import { invalidApiKey } from '../platform/access/authenticator.ts';
import { CVaultError } from '../platform/errors.ts';
import type pg from 'pg';
import type { Database } from '../platform/db/database.ts';
import { asTenant } from '../platform/db/tenancy.ts';
import { API_KEYS_MAX } from '../platform/limits/limits.ts';

const OPENS = '(revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()))';

const OF_SCOPE = 'tenant_id = $1 AND ($2::api_key_mode IS NULL OR mode = $2)';

/**
 * Serializes changes to a tenant's keys, so that concurrent calls count each other's keys and a revocation finds
 * all children.
 */
async function lockTenant(db: pg.PoolClient, tenantId: string): Promise<boolean> {
  const sql = "SELECT FROM tenants WHERE id = $1 AND state <> 'deleting' FOR NO KEY UPDATE";
  return (await db.query(sql, [tenantId])).rowCount === 1;
}

/** @throws CVaultError `invalid_api_key` if the calling key was revoked during its request */
async function checkActing(db: pg.PoolClient, tenantId: string, keyId: string | null): Promise<void> {
  if (keyId === null) return;
  const sql = `SELECT FROM api_keys WHERE tenant_id = $1 AND id = $2 AND ${OPENS}`;
  if ((await db.query(sql, [tenantId, keyId])).rowCount === 0) throw invalidApiKey();
}

async function insert(db: pg.PoolClient, key: NewApiKeyRow): Promise<ApiKey> {
  const { rows } = await db.query<ApiKeyRow>(
    `INSERT INTO api_keys
       (id, tenant_id, name, mode, prefix, key_hash, scopes, allowed_sources, expires_at, parent_id, replaces_id)
     SELECT $1, $2, $3, $4::api_key_mode, $5, $6, $7::text[], $8::inet[], $9, $10, $11
     WHERE (SELECT count(*) FROM api_keys WHERE tenant_id = $2 AND ${OPENS}) < ${API_KEYS_MAX}
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
      key.parentId,
      key.replacesId,
    ],
  );
  if (rows[0] === undefined)
    throw new CVaultError('key_limit_reached', `A tenant has at most ${API_KEYS_MAX} API keys in use.`);
  return apiKeyFromRow(rows[0]);
}

/** A key's descendants. */
const CHILDREN = `
WITH RECURSIVE family AS (
  SELECT id FROM api_keys WHERE tenant_id = $1 AND parent_id = $2
  UNION SELECT k.id FROM api_keys k JOIN family ON k.parent_id = family.id WHERE k.tenant_id = $1
)
SELECT ${API_KEY_COLUMNS} FROM api_keys WHERE tenant_id = $1 AND id IN (SELECT id FROM family) AND ${OPENS} ORDER BY id`;

const SUCCESSOR = `
SELECT ${API_KEY_COLUMNS} FROM api_keys WHERE tenant_id = $1 AND replaces_id = $2 AND ${OPENS} ORDER BY id`;

const REVOKE = `
UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE tenant_id = $1 AND id = ANY ($2::uuid[])
RETURNING ${API_KEY_COLUMNS}`;

const CLOSE_MINTED = `
UPDATE sign_ins SET revoked_at = now() WHERE tenant_id = $1 AND minted_by = ANY ($2::uuid[]) AND revoked_at IS NULL`;

export function createApiKeyStore({ pool }: Database): ApiKeyStore {
  return {
    create: (key, actingKeyId) =>
      asTenant(pool, key.tenantId, async (db) => {
        if (!(await lockTenant(db, key.tenantId))) return null;
        await checkActing(db, key.tenantId, actingKeyId);
        return insert(db, key);
      }),

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

    revoke: ({ tenantId, mode }, id, children) =>
      asTenant(pool, tenantId, async (db) => {
        await lockTenant(db, tenantId);
        const found = await db.query(`SELECT FROM api_keys WHERE ${OF_SCOPE} AND id = $3`, [
          tenantId,
          mode,
          id,
        ]);
        if (found.rowCount === 0) return null;
        const keys = async (sql: string, values: unknown[]) =>
          (await db.query<ApiKeyRow>(sql, values)).rows.map(apiKeyFromRow);
        const family = await keys(CHILDREN, [tenantId, id]);
        const ended = [id, ...(children === 'revoke' ? family.map((key) => key.id) : [])];
        const revoked = await keys(REVOKE, [tenantId, ended]);
        await db.query(CLOSE_MINTED, [tenantId, ended]);
        const kept = [...(children === 'keep' ? family : []), ...(await keys(SUCCESSOR, [tenantId, id]))];
        return { revoked: revoked.filter((key) => key.id !== id), kept };
      }),

    replace: (id, overlapSeconds, successor, actingKeyId) =>
      asTenant(pool, successor.tenantId, async (db) => {
        const { tenantId } = successor;
        if (!(await lockTenant(db, tenantId))) return null;
        await checkActing(db, tenantId, actingKeyId);
        const { rowCount } = await db.query(
          `UPDATE api_keys SET expires_at = least(expires_at, now() + $3 * interval '1 second')
           WHERE tenant_id = $1 AND id = $2 AND ${OPENS}`,
          [tenantId, id, overlapSeconds],
        );
        if (rowCount === 0) return null;
        const stored = await insert(db, successor);
        await db.query(
          'UPDATE api_keys SET parent_id = $3 WHERE tenant_id = $1 AND parent_id = $2 AND id <> $3',
          [tenantId, id, stored.id],
        );
        return stored;
      }),
  };
}
