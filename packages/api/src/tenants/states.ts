/**
 * Changes of a tenant's state, which change its devices too. Locks are taken as everywhere: devices in the order of
 * their ids, then leases, the outbox, sessions, and the tenant last.
 *
 * A registration writes its device first and locks the tenant last, so a concurrent one can commit between the pass
 * over the devices and the change of the tenant. A second pass therefore follows. It sees every device committed
 * before the tenant's row was locked; the trigger tenants_growth refuses later ones.
 */
import { HOLDS, endDevices, putHold, releaseHold } from '../devices/index.ts';
import { notFound } from '../platform/errors.ts';
import type { ChangedTenant } from './ports.ts';
import type pg from 'pg';
import { brokenConstraint } from '../platform/db/database.ts';
import { inTransaction } from '../platform/db/transaction.ts';
import { TENANT_COLUMNS } from './rows.ts';
import type { Tenant } from './tenant.ts';

const SUSPEND = putHold('tenant_id = $1');
const RESUME = releaseHold('tenant_id = $1');

const SET_STATE = `
UPDATE tenants SET state = $2::tenant_state WHERE id = $1 AND state <> 'deleting' RETURNING ${TENANT_COLUMNS}`;

const END_OF_TENANT = `
WITH ${endDevices({ which: 'tenant_id = $1', churn: false })} SELECT DISTINCT server_id FROM d`;

type ServerIds = { server_id: string }[];

function idsOf(...passes: ServerIds[]): string[] {
  return [...new Set(passes.flat().map((row) => row.server_id))];
}

/** @throws CVaultError `not_found`, which undoes the first pass */
export function setTenantState(
  pool: pg.Pool,
  id: string,
  state: 'active' | 'suspended',
): Promise<ChangedTenant> {
  const move = state === 'suspended' ? SUSPEND : RESUME;
  return inTransaction(pool, async (db) => {
    const pass = async () => (await db.query<{ server_id: string }>(move, [id, HOLDS.tenant])).rows;
    const first = await pass();
    const tenant = (await db.query<Tenant>(SET_STATE, [id, state])).rows[0];
    if (tenant === undefined) throw notFound('tenant');
    return { tenant, serverIds: idsOf(first, await pass()) };
  });
}

export function beginDeletion(pool: pg.Pool, id: string): Promise<readonly string[] | null> {
  return inTransaction(pool, async (db) => {
    const pass = async () => (await db.query<{ server_id: string }>(END_OF_TENANT, [id])).rows;
    for (const table of ['sign_ins', 'api_keys']) {
      await db.query(`UPDATE ${table} SET revoked_at = now() WHERE tenant_id = $1 AND revoked_at IS NULL`, [
        id,
      ]);
    }
    const first = await pass();
    const { rowCount } = await db.query("UPDATE tenants SET state = 'deleting' WHERE id = $1", [id]);
    return rowCount === 0 ? null : idsOf(first, await pass());
  });
}

/** In the order of their references. Outbox and sessions go with the devices, sign-ins with the users. */
const TENANT_TABLES = ['devices', 'tenant_users', 'api_keys'] as const;

export async function finishDeletion(pool: pg.Pool, id: string): Promise<boolean> {
  try {
    return await inTransaction(pool, async (db) => {
      const { rows } = await db.query<{ state: string; owed: boolean }>(
        `SELECT state, EXISTS (SELECT FROM devices WHERE tenant_id = $1 AND removed_at IS NULL) AS owed
         FROM tenants WHERE id = $1`,
        [id],
      );
      const tenant = rows[0];
      if (tenant === undefined) return true;
      if (tenant.state !== 'deleting' || tenant.owed) return false;
      for (const table of TENANT_TABLES) await db.query(`DELETE FROM ${table} WHERE tenant_id = $1`, [id]);
      await db.query('DELETE FROM tenants WHERE id = $1', [id]);
      return true;
    });
  } catch (error) {
    // A user signed up during the deletion: the next try deletes that user too.
    if (brokenConstraint(error)?.endsWith('_tenant_id_fkey') === true) return false;
    throw error;
  }
}
