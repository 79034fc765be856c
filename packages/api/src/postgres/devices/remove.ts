import { type Device, type Owner, reached } from '@cvault/core';
import type pg from 'pg';
import { askAsTenant } from '../tenancy.ts';
import { DEVICE_COLUMNS, DEVICE_JOINS, type DeviceRow, deviceFromRow } from './rows.ts';

/**
 * Everything that ends with a device, in one statement. `before` locks the row and keeps its old state: only a device
 * that counted gives its quota back. The lease drains until the VPN server has acknowledged the removal; it is found by
 * its key alone, because a move that this statement waited for has changed whose it is (see move.ts). That of a device that
 * failed was given back then: it drains as a departure, or is another's already. Its `failure` stays and says so.
 */
const DELETE = {
  name: 'device-delete',
  text: `
WITH before AS (
  SELECT id, state FROM devices
  WHERE tenant_id = $1 AND user_id = $2 AND id = $3 AND state <> 'deleted' FOR UPDATE
), d AS (
  UPDATE devices SET state = 'deleted', generation = generation + 1, private_key = NULL,
    preshared_key = NULL, replaces_key = NULL, overlap_until = NULL
  FROM before WHERE devices.id = before.id
  RETURNING devices.*, before.state AS old_state
), lease AS (
  UPDATE ip_pool SET state = 'draining', tenant_id = d.tenant_id, device_id = d.id, freed_by = d.tenant_id, freed_at = now()
  FROM d WHERE ip_pool.server_id = d.server_id AND ip_pool.address = d.assigned_ip AND d.failure IS NULL
), queued AS (
  INSERT INTO outbox (tenant_id, server_id, device_id, generation, not_before)
  SELECT tenant_id, server_id, id, generation, now() + $4 * interval '1 millisecond' FROM d
), user_quota AS (
  UPDATE tenant_users SET device_count = device_count - 1
  FROM d WHERE tenant_users.tenant_id = d.tenant_id AND tenant_users.id = d.user_id AND d.old_state IN ('live', 'suspended')
  RETURNING tenant_users.tenant_id
), quota AS (
  UPDATE tenants SET device_count = device_count - 1 FROM user_quota WHERE tenants.id = user_quota.tenant_id
)
SELECT ${DEVICE_COLUMNS} FROM d ${DEVICE_JOINS}`,
};

export async function deleteDevice(
  pool: pg.Pool,
  owner: Owner,
  id: string,
  pushAfterMs: number,
): Promise<Device | null> {
  const query = { ...DELETE, values: [owner.tenantId, owner.userId, id, pushAfterMs] };
  reached('remove:asked');
  const { rows } = await askAsTenant<DeviceRow>(pool, owner.tenantId, query);
  reached('remove:committed');
  return rows[0] === undefined ? null : deviceFromRow(rows[0]);
}
