import type pg from 'pg';
import { inTransaction } from '../transaction.ts';

/**
 * Deletes every device of the VPN server, whoever's it is. Devices are locked in the order of their ids, then leases,
 * the outbox, sessions, and the tenants last: as everywhere.
 */
const EVICT = `
WITH before AS (
  SELECT id, state FROM devices WHERE server_id = $1 AND state <> 'deleted' ORDER BY id FOR UPDATE
), d AS (
  UPDATE devices SET state = 'deleted', failure = NULL, generation = generation + 1, private_key = NULL,
    preshared_key = NULL, replaces_key = NULL, overlap_until = NULL
  FROM before WHERE devices.id = before.id
  RETURNING devices.id, devices.tenant_id, devices.server_id, devices.generation, before.state AS old_state
), lease AS (
  UPDATE ip_pool SET state = 'draining' FROM d WHERE ip_pool.tenant_id = d.tenant_id AND ip_pool.device_id = d.id
), queued AS (
  INSERT INTO outbox (tenant_id, server_id, device_id, generation)
  SELECT tenant_id, server_id, id, generation FROM d
), session AS (
  UPDATE sessions SET state = 'CLOSED', closed_at = now(), closed_reason = 'revoked'
  FROM d WHERE sessions.tenant_id = d.tenant_id AND sessions.device_id = d.id AND sessions.state = 'ACTIVE'
), counted AS (
  SELECT tenant_id, count(*)::int AS n FROM d WHERE old_state IN ('live', 'suspended') GROUP BY tenant_id
)
UPDATE tenants SET device_count = device_count - counted.n FROM counted WHERE tenants.id = counted.tenant_id`;

export async function evictDevices(pool: pg.Pool, serverId: string): Promise<void> {
  await inTransaction(pool, async (db) => {
    // First, and in the same transaction: no device can be placed on it any more once its devices are gone.
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
      await db.query(
        `WITH d AS (UPDATE devices SET removed_at = now() WHERE server_id = $1 AND removed_at IS NULL RETURNING id)
         UPDATE public_keys SET device_id = NULL FROM d WHERE public_keys.device_id = d.id`,
        [serverId],
      );
      await db.query('DELETE FROM outbox WHERE server_id = $1', [serverId]);
    }
    const { rowCount } = await db.query(
      'SELECT FROM devices WHERE server_id = $1 AND removed_at IS NULL LIMIT 1',
      [serverId],
    );
    if (rowCount !== 0) return false;
    await db.query('DELETE FROM pools WHERE server_id = $1', [serverId]);
    await db.query(
      "UPDATE servers SET state = 'removed', ssh_private_key = NULL, epoch = NULL WHERE id = $1",
      [serverId],
    );
    return true;
  });
}
