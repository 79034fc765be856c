import type pg from 'pg';
import { finishDepartures } from '../devices/departures.ts';
import { inTransaction } from '../transaction.ts';

/**
 * Deletes every device of the VPN server, whoever's it is. Devices are locked in the order of their ids, then leases,
 * the outbox, sessions, and the tenants last: as everywhere.
 */
const EVICT = `
WITH before AS (
  SELECT id, state FROM devices WHERE server_id = $1 AND state <> 'deleted' ORDER BY id FOR UPDATE
), d AS (
  UPDATE devices SET state = 'deleted', generation = generation + 1, private_key = NULL,
    preshared_key = NULL, replaces_key = NULL, overlap_until = NULL
  FROM before WHERE devices.id = before.id
  RETURNING devices.id, devices.tenant_id, devices.user_id, devices.server_id, devices.assigned_ip, devices.generation, devices.failure,
    before.state AS old_state
), lease AS (
  UPDATE ip_pool SET state = 'draining', tenant_id = d.tenant_id, device_id = d.id
  FROM d WHERE ip_pool.server_id = d.server_id AND ip_pool.address = d.assigned_ip AND d.failure IS NULL
), queued AS (
  INSERT INTO outbox (tenant_id, server_id, device_id, generation)
  SELECT tenant_id, server_id, id, generation FROM d
), counted AS (
  SELECT tenant_id, user_id, count(*)::int AS n FROM d WHERE old_state IN ('live', 'suspended') GROUP BY tenant_id, user_id
), user_quota AS (
  UPDATE tenant_users SET device_count = device_count - counted.n
  FROM counted WHERE tenant_users.tenant_id = counted.tenant_id AND tenant_users.id = counted.user_id
  RETURNING counted.tenant_id, counted.n
), of_tenant AS (
  SELECT tenant_id, sum(n)::int AS n FROM user_quota GROUP BY tenant_id
)
UPDATE tenants SET device_count = device_count - of_tenant.n FROM of_tenant WHERE tenants.id = of_tenant.tenant_id`;

export async function evictDevices(pool: pg.Pool, serverId: string): Promise<void> {
  await inTransaction(pool, async (db) => {
    // First, and with the lock that placing waits for: no device can come to it any more once its devices are gone.
    await db.query('SELECT FROM servers WHERE id = $1 FOR UPDATE', [serverId]);
    await db.query("UPDATE servers SET state = 'removing' WHERE id = $1 AND state <> 'removed'", [serverId]);
    await db.query(EVICT, [serverId]);
  });
}

/**
 * Takes away what is left of a VPN server without devices: pools, access, links. Its row stays for the history of its
 * devices.
 */
export async function finishRemoval(pool: pg.Pool, serverId: string, force: boolean): Promise<boolean> {
  return inTransaction(pool, async (db) => {
    const { rows } = await db.query<{ state: string }>('SELECT state FROM servers WHERE id = $1 FOR UPDATE', [
      serverId,
    ]);
    if (rows[0]?.state !== 'removing') return rows[0]?.state === 'removed';
    // A registration that chose it just before can still have come in: its device has to go first.
    await db.query(EVICT, [serverId]);
    if (force) {
      await db.query(
        'UPDATE ip_pool SET state = $2, tenant_id = NULL, device_id = NULL WHERE server_id = $1',
        [serverId, 'free'],
      );
      await db.query('DELETE FROM departures WHERE server_id = $1', [serverId]);
      await db.query(
        'UPDATE devices SET applied_generation = generation WHERE server_id = $1 AND removed_at IS NULL',
        [serverId],
      );
      await db.query('DELETE FROM outbox WHERE server_id = $1', [serverId]);
      await finishDepartures(db);
    }
    const { rowCount } = await db.query(
      `SELECT FROM devices WHERE server_id = $1 AND removed_at IS NULL
       UNION ALL SELECT FROM departures WHERE server_id = $1 LIMIT 1`,
      [serverId],
    );
    if (rowCount !== 0) return false;
    await db.query('DELETE FROM evacuations WHERE server_id = $1', [serverId]);
    await db.query('DELETE FROM pools WHERE server_id = $1', [serverId]);
    await db.query(
      "UPDATE servers SET state = 'removed', ssh_private_key = NULL, epoch = NULL WHERE id = $1",
      [serverId],
    );
    return true;
  });
}
