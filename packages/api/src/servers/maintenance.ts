/**
 * Takes VPN servers out of service and back. Each change of state locks the VPN server's row like placing a device
 * (`chosen` in devices/placement.ts), only stronger: after the commit, no device arrives that chose it before.
 */
import { HOLDS, putHold, releaseHold } from '../devices/index.ts';
import type { Server } from './server.ts';
import type pg from 'pg';
import { inTransaction } from '../platform/db/transaction.ts';

/** The states from which each can be reached, including itself, so that a call can be repeated. */
const REACHED_FROM = {
  active: ['active', 'draining', 'disabled'],
  draining: ['active', 'draining'],
  disabled: ['active', 'draining', 'disabled'],
} as const satisfies Partial<Record<Server['state'], readonly Server['state'][]>>;

const HOLD = putHold('server_id = $1');
const RELEASE = releaseHold('server_id = $1');

const BEGIN_EVACUATION = `
INSERT INTO evacuations (server_id, region, total)
SELECT s.id, coalesce($2, s.region),
  (SELECT count(*) FROM devices WHERE server_id = s.id AND state IN ('live', 'suspended'))
FROM servers s WHERE s.id = $1
ON CONFLICT (server_id) DO UPDATE SET region = excluded.region, total = excluded.total, moved = 0, failed = 0,
  reason = NULL, started_at = now(), finished_at = NULL
WHERE evacuations.finished_at IS NOT NULL OR evacuations.region <> excluded.region`;

async function lock(db: pg.PoolClient, id: string): Promise<Server['state'] | null> {
  const { rows } = await db.query<{ state: Server['state'] }>(
    'SELECT state FROM servers WHERE id = $1 FOR UPDATE',
    [id],
  );
  return rows[0]?.state ?? null;
}

/** Returns false, and changes nothing, if its state does not allow the change. */
export function changeServerState(
  pool: pg.Pool,
  id: string,
  to: keyof typeof REACHED_FROM,
): Promise<boolean> {
  return inTransaction(pool, async (db) => {
    const state = await lock(db, id);
    if (!REACHED_FROM[to].some((from) => from === state)) return false;
    await db.query('UPDATE servers SET state = $2 WHERE id = $1', [id, to]);
    if (to === 'disabled') await db.query(HOLD, [id, HOLDS.server]);
    if (to === 'active') {
      await db.query(RELEASE, [id, HOLDS.server]);
      await db.query(
        "UPDATE evacuations SET finished_at = now(), reason = 'enabled' WHERE server_id = $1 AND finished_at IS NULL",
        [id],
      );
    }
    return true;
  });
}

/**
 * Drains it and moves its devices; a disabled one stays disabled. An evacuation to the same region continues.
 * @param region null: its own
 * @returns false if its state does not allow it
 */
export function beginEvacuation(pool: pg.Pool, id: string, region: string | null): Promise<boolean> {
  return inTransaction(pool, async (db) => {
    const state = await lock(db, id);
    if (!REACHED_FROM.disabled.some((from) => from === state)) return false;
    if (state === 'active') await db.query("UPDATE servers SET state = 'draining' WHERE id = $1", [id]);
    await db.query(BEGIN_EVACUATION, [id, region]);
    return true;
  });
}
