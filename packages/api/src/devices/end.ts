/**
 * SQL that ends devices. Every way to end one uses it: by its owner, by deleting or erasing a user or tenant, by
 * removing a VPN server.
 */

import { queued } from '../platform/db/outbox.ts';

interface Ending {
  /** The condition that selects the devices; constant text of the caller. */
  readonly which: string;
  /** Whether the freed addresses count as the tenant's churn: true if the tenant or its user asked for the end. */
  readonly churn: boolean;
  /** More columns of `devices` to set, beginning with a comma. */
  readonly also?: string;
  /** The statement's parameter for the milliseconds that the removal is left to the request that asks for it. Absent: none. */
  readonly afterMs?: string;
}

/**
 * CTEs that end devices; `d` has their rows with `old_state`. The text begins behind `WITH` and ends without a comma.
 *
 * `before` locks the rows in the order of their ids and keeps their old state: only a device that counted gives its quota
 * back. The address drains until the VPN server has acknowledged the removal. It is found by its key alone, because a move
 * that this statement waited for has changed whose it is (see move.ts). A device that failed has given its address back
 * already: it drains as a departure, or another device has it. `failure` says so and stays, also on the deleted row.
 * Locks are taken as everywhere: devices, leases, the outbox, users, and tenants last.
 */
export function endDevices({ which, churn, also = '', afterMs }: Ending): string {
  return `
before AS (
  SELECT id, state FROM devices WHERE ${which} AND state <> 'deleted' ORDER BY id FOR UPDATE
), d AS (
  UPDATE devices SET state = 'deleted', generation = generation + 1, private_key = NULL, preshared_key = NULL,
    replaces_key = NULL, overlap_until = NULL${also}
  FROM before WHERE devices.id = before.id
  RETURNING devices.*, before.state AS old_state
), lease AS (
  UPDATE ip_pool SET state = 'draining', tenant_id = d.tenant_id, device_id = d.id
    ${churn ? ', freed_by = d.tenant_id, freed_at = now()' : ''}
  FROM d WHERE ip_pool.server_id = d.server_id AND ip_pool.address = d.assigned_ip AND d.failure IS NULL
), ${queued('d', { afterMs })}, counted AS (
  SELECT tenant_id, user_id, count(*)::int AS n FROM d WHERE old_state IN ('live', 'suspended')
  GROUP BY tenant_id, user_id
), user_quota AS (
  UPDATE tenant_users SET device_count = device_count - counted.n
  FROM counted WHERE tenant_users.tenant_id = counted.tenant_id AND tenant_users.id = counted.user_id
  RETURNING counted.tenant_id, counted.n
), quota AS (
  UPDATE tenants SET device_count = device_count - of_tenant.n
  FROM (SELECT tenant_id, sum(n)::int AS n FROM user_quota GROUP BY tenant_id) AS of_tenant
  WHERE tenants.id = of_tenant.tenant_id
)`;
}
