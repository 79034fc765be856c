import type { PrivacyStore, UserExport } from '@cvault/core';
import type { Database } from '../database.ts';
import { asTenant } from '../tenancy.ts';
import { PERSONAL_TABLES, type PersonalTable } from './inventory.ts';

/** Names of tables and columns are those of the list, none comes from outside. */
function exportSql(table: string, { whose, columns }: PersonalTable): string {
  const listed = Object.keys(columns).map((column) => `x.${column}`);
  return `SELECT to_jsonb(one) AS row FROM (SELECT ${listed.join(', ')} FROM ${table} x WHERE ${whose}) AS one`;
}

const REQUEST = `
UPDATE tenant_users SET erase_requested_at = coalesce(erase_requested_at, now()) WHERE tenant_id = $1 AND id = $2`;
const END_SIGN_INS = `
UPDATE sign_ins SET revoked_at = now() WHERE tenant_id = $1 AND user_id = $2 AND revoked_at IS NULL`;
const EXISTS = 'SELECT FROM tenant_users WHERE tenant_id = $1 AND id = $2';

/** With the rights of requests: within row-level security. */
export function createPrivacyStore({ pool }: Database): PrivacyStore {
  return {
    export: (tenantId, userId) =>
      asTenant(pool, tenantId, async (db) => {
        const values = [tenantId, userId];
        if ((await db.query(EXISTS, values)).rowCount === 0) return null;
        const found: Record<string, UserExport[string]> = {};
        for (const [name, table] of Object.entries(PERSONAL_TABLES)) {
          if (table.whose === 'false') continue;
          const { rows } = await db.query<{ row: Record<string, unknown> }>(exportSql(name, table), values);
          found[name] = rows.map(({ row }) => row);
        }
        return found;
      }),

    requestErasure: (tenantId, userId) =>
      asTenant(pool, tenantId, async (db) => {
        const { rowCount } = await db.query(REQUEST, [tenantId, userId]);
        if (rowCount === 0) return false;
        await db.query(END_SIGN_INS, [tenantId, userId]);
        return true;
      }),

    exists: (tenantId, userId) =>
      asTenant(
        pool,
        tenantId,
        async (db) => ((await db.query(EXISTS, [tenantId, userId])).rowCount ?? 0) > 0,
      ),
  };
}
