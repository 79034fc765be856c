import type pg from 'pg';
import { endDevices, finishDeparturesOf } from '../devices/index.ts';
import { inTransaction } from '../platform/db/transaction.ts';

/** Ends every device of the VPN server, of all tenants. */
const EVICT = `WITH ${endDevices({ which: 'server_id = $1', churn: false })} SELECT`;

export async function evictDevices(pool: pg.Pool, serverId: string): Promise<void> {
  await inTransaction(pool, async (db) => {
    // This comes first, with the lock that placing waits for: no device can arrive once its devices are gone.
    await db.query('SELECT FROM servers WHERE id = $1 FOR UPDATE', [serverId]);
    await db.query("UPDATE servers SET state = 'removing' WHERE id = $1 AND state <> 'removed'", [serverId]);
    await db.query(EVICT, [serverId]);
  });
}

/**
 * Removes the rest of a VPN server without devices: pools, access, links. Its row stays for the history of its
 * devices. One that was never activated had none, and is deleted.
 */
export async function finishRemoval(pool: pg.Pool, serverId: string, force: boolean): Promise<boolean> {
  return inTransaction(pool, async (db) => {
    const { rows } = await db.query<{ state: string }>('SELECT state FROM servers WHERE id = $1 FOR UPDATE', [
      serverId,
    ]);
    if (rows[0]?.state !== 'removing') return rows[0] === undefined || rows[0].state === 'removed';
    // A registration that chose it just before can still have committed: its device has to go first.
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
      await finishDeparturesOf(db, serverId);
    }
    const { rowCount } = await db.query(
      `SELECT FROM devices WHERE server_id = $1 AND removed_at IS NULL
       UNION ALL SELECT FROM departures WHERE server_id = $1 LIMIT 1`,
      [serverId],
    );
    if (rowCount !== 0) return false;
    await db.query('DELETE FROM evacuations WHERE server_id = $1', [serverId]);
    await db.query('DELETE FROM pools WHERE server_id = $1', [serverId]);
    const neverActivated = await db.query('DELETE FROM servers WHERE id = $1 AND public_key IS NULL', [
      serverId,
    ]);
    if (neverActivated.rowCount === 1) return true;
    await db.query(
      "UPDATE servers SET state = 'removed', ssh_private_key = NULL, epoch = NULL WHERE id = $1",
      [serverId],
    );
    return true;
  });
}
