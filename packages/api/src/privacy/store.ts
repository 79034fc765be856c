import type { PrivacyStore, UserExport } from './ports.ts';
import type { Database } from '../platform/db/database.ts';
import { endCredentials } from '../sign-in/index.ts';
import { askAsTenant, asTenant } from '../platform/db/tenancy.ts';
import { PERSONAL_TABLES, type PersonalTable } from './inventory.ts';

/** Tables and columns come only from the list, never from outside. */
function exportSql(table: string, { whose, columns }: PersonalTable): string {
  const listed = Object.keys(columns).map((column) => `x.${column}`);
  return `SELECT to_jsonb(one) AS row FROM (SELECT ${listed.join(', ')} FROM ${table} x WHERE ${whose}) AS one`;
}

const REQUEST = `
UPDATE tenant_users SET erase_requested_at = coalesce(erase_requested_at, now())
WHERE tenant_id = $1 AND id = $2 AND mode = $3`;
const DROP_SIGN_UPS = `
DELETE FROM sign_ups s USING tenant_users u
WHERE u.tenant_id = $1 AND u.id = $2 AND s.tenant_id = u.tenant_id AND s.email = u.email AND s.mode = u.mode`;
const EXISTS = 'SELECT FROM tenant_users WHERE tenant_id = $1 AND id = $2 AND mode = $3';

/** @param database with the role of requests, within row-level security */
export function createPrivacyStore({ pool }: Database): PrivacyStore {
  return {
    export: ({ tenantId, mode }, userId) =>
      asTenant(pool, tenantId, async (db) => {
        const values = [tenantId, userId];
        if ((await db.query(EXISTS, [...values, mode])).rowCount === 0) return null;
        const found: Record<string, UserExport[string]> = {};
        for (const [name, table] of Object.entries(PERSONAL_TABLES)) {
          if (table.whose === 'false') continue;
          const { rows } = await db.query<{ row: Record<string, unknown> }>(exportSql(name, table), values);
          found[name] = rows.map(({ row }) => row);
        }
        return found;
      }),

    requestErasure: ({ tenantId, mode }, userId) =>
      asTenant(pool, tenantId, async (db) => {
        const { rowCount } = await db.query(REQUEST, [tenantId, userId, mode]);
        if (rowCount === 0) return false;
        await endCredentials(db, 'deleted', tenantId, [userId]);
        await db.query(DROP_SIGN_UPS, [tenantId, userId]);
        return true;
      }),

    exists: async ({ tenantId, mode }, userId) =>
      (await askAsTenant(pool, tenantId, EXISTS, [tenantId, userId, mode])).rowCount === 1,
  };
}
