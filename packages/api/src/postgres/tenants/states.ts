/**
 * Changes of a tenant's state, which change its devices too. Locks are taken as everywhere: devices in the order of their
 * ids, then leases, the outbox, sessions, and the tenant last.
 *
 * A registration writes its device first and touches the tenant last, so one that was under way can have come in between
 * the pass over the devices and the change of the tenant. Therefore a second pass follows: what committed before the
 * tenant's row was ours is seen by it, and what comes later the trigger tenants_growth refuses.
 */
import { type ChangedTenant, HOLDS, notFound } from '@cvault/core';
import type pg from 'pg';
import { brokenConstraint } from '../database.ts';
import { putHold, releaseHold } from '../devices/holds.ts';
import { given } from '../given.ts';
import { inTransaction } from '../transaction.ts';
import { TENANT_COLUMNS, type TenantRow, tenantFromRow } from './rows.ts';

const SUSPEND = putHold('tenant_id = $1');
const RESUME = releaseHold('tenant_id = $1');

const SET_STATE = `
UPDATE tenants SET state = $2::tenant_state WHERE id = $1 AND state <> 'deleting' RETURNING ${TENANT_COLUMNS}`;

/** As when its owner deletes it, for all devices of the tenant. */
const deleteDevicesSql = (and: string) => `
WITH before AS (
  SELECT id FROM devices WHERE tenant_id = $1 AND state <> 'deleted'${and} ORDER BY id FOR UPDATE
), d AS (
  UPDATE devices SET state = 'deleted', generation = generation + 1, private_key = NULL,
    preshared_key = NULL, replaces_key = NULL, overlap_until = NULL
  FROM before WHERE devices.id = before.id
  RETURNING devices.id, devices.tenant_id, devices.server_id, devices.assigned_ip, devices.generation,
    devices.failure
), lease AS (
  UPDATE ip_pool SET state = 'draining', tenant_id = d.tenant_id, device_id = d.id
  FROM d WHERE ip_pool.server_id = d.server_id AND ip_pool.address = d.assigned_ip AND d.failure IS NULL
), queued AS (
  INSERT INTO outbox (tenant_id, server_id, device_id, generation)
  SELECT tenant_id, server_id, id, generation FROM d
)
SELECT DISTINCT server_id FROM d`;

type ServerIds = { server_id: string }[];

function idsOf(...passes: ServerIds[]): string[] {
  return [...new Set(passes.flat().map((row) => row.server_id))];
}

/**
 * Marks devices deleted and drains their addresses; answers the VPN servers that have to hear of it. The counts of tenant
 * and user are the caller's.
 * @param userId null: of all users
 * @param db in a transaction
 */
export async function deleteDevicesOf(
  db: pg.PoolClient,
  tenantId: string,
  userId: string | null,
): Promise<string[]> {
  const { and, values } = given([tenantId], [['user_id =', userId]]);
  return idsOf((await db.query<{ server_id: string }>(deleteDevicesSql(and), values)).rows);
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
    const tenant = (await db.query<TenantRow>(SET_STATE, [id, state])).rows[0];
    if (tenant === undefined) throw notFound('tenant');
    return { tenant: tenantFromRow(tenant), serverIds: idsOf(first, await pass()) };
  });
}

export function beginDeletion(pool: pg.Pool, id: string): Promise<readonly string[] | null> {
  return inTransaction(pool, async (db) => {
    const first = await deleteDevicesOf(db, id, null);
    await db.query('UPDATE sign_ins SET revoked_at = now() WHERE tenant_id = $1 AND revoked_at IS NULL', [
      id,
    ]);
    await db.query('UPDATE api_keys SET revoked_at = now() WHERE tenant_id = $1 AND revoked_at IS NULL', [
      id,
    ]);
    const { rowCount } = await db.query("UPDATE tenants SET state = 'deleting' WHERE id = $1", [id]);
    if (rowCount === 0) return null;
    const second = await deleteDevicesOf(db, id, null);
    // All of them are deleted now, and none can come.
    await db.query('UPDATE tenant_users SET device_count = 0 WHERE tenant_id = $1', [id]);
    await db.query('UPDATE tenants SET device_count = 0 WHERE id = $1', [id]);
    return [...new Set([...first, ...second])];
  });
}

/** In the order in which they refer to each other. Outbox and sessions go with the devices, sign-ins with the users. */
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
    // A user who signed up while the tenant went away: the next try takes them along.
    if (brokenConstraint(error)?.endsWith('_tenant_id_fkey') === true) return false;
    throw error;
  }
}
