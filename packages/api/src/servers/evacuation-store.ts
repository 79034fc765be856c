/**
 * Empties VPN servers by the same move that a device's owner uses. Any replica may work on any evacuation at any
 * time: each takes devices that no other replica is taking, and counts them in the transaction that moves them.
 */
import type { Evacuation, EvacuationStore } from './evacuation.ts';
import type pg from 'pg';
import type { Database } from '../platform/db/database.ts';
import { moveOnce, whyNotPlaced } from '../devices/index.ts';
import { inTransaction } from '../platform/db/transaction.ts';

/** Devices moved in one transaction: small, to limit what a crash undoes and how long others wait. */
const BATCH = 32;

/** The lock only keeps two replicas from choosing the same devices, and ends at once. */
const NEXT = `
SELECT id FROM devices WHERE server_id = $1 AND state IN ('live', 'suspended') AND id <> ALL ($2::uuid[])
ORDER BY id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED`;

const TAKE = `
SELECT id, tenant_id FROM devices WHERE server_id = $1 AND state IN ('live', 'suspended') AND id = ANY ($2::uuid[])
ORDER BY id FOR UPDATE SKIP LOCKED`;

const REMAINING =
  "(SELECT count(*)::int FROM devices WHERE server_id = $1 AND state IN ('live', 'suspended'))";

const FINISH_EMPTY = `
UPDATE evacuations SET finished_at = now() WHERE server_id = $1 AND finished_at IS NULL AND ${REMAINING} = 0`;

const GIVE_UP = `
UPDATE evacuations SET finished_at = now(), failed = ${REMAINING}, reason = $2
WHERE server_id = $1 AND finished_at IS NULL`;

export async function findEvacuation(pool: pg.Pool, serverId: string): Promise<Evacuation | null> {
  const { rows } = await pool.query<Evacuation>(
    `SELECT region, total, moved, failed, reason, started_at AS "startedAt", finished_at AS "finishedAt",
       ${REMAINING} AS remaining
     FROM evacuations WHERE server_id = $1`,
    [serverId],
  );
  return rows[0] ?? null;
}

async function unfinished(pool: pg.Pool): Promise<{ serverId: string; region: string }[]> {
  const { rows } = await pool.query<{ serverId: string; region: string }>(
    `SELECT e.server_id AS "serverId", e.region FROM evacuations e JOIN servers s ON s.id = e.server_id
     WHERE e.finished_at IS NULL AND s.state IN ('draining', 'disabled')`,
  );
  return rows;
}

/** Returns the VPN servers that got the devices. Empty if none was moved: others hold them, or there is no place. */
async function move(
  pool: pg.Pool,
  serverId: string,
  region: string,
  deviceIds: readonly string[],
): Promise<string[]> {
  const wish = { region, serverId: null };
  const { targets, nowhere } = await inTransaction(pool, async (db) => {
    const { rows } = await db.query<{ id: string; tenant_id: string }>(TAKE, [serverId, deviceIds]);
    const reached: string[] = [];
    for (const { id, tenant_id } of rows) {
      const moved = await moveOnce(db, {
        tenantId: tenant_id,
        userId: null,
        deviceId: id,
        ...wish,
        from: serverId,
        pushAfterMs: 0,
        quarantineSeconds: 0,
      });
      if (moved === 'nowhere') return { targets: await counted(db, serverId, reached), nowhere: true };
      if (moved !== null) reached.push(moved.device.placement.serverId);
    }
    return { targets: await counted(db, serverId, reached), nowhere: false };
  });
  if (nowhere) {
    // Null: the last addresses were only locked. The next batch tries again.
    const why = await whyNotPlaced(pool, wish);
    if (why !== null) await pool.query(GIVE_UP, [serverId, why.code]);
  }
  return [...new Set(targets)];
}

async function counted(db: pg.PoolClient, serverId: string, reached: string[]): Promise<string[]> {
  if (reached.length > 0) {
    await db.query('UPDATE evacuations SET moved = moved + $2 WHERE server_id = $1', [
      serverId,
      reached.length,
    ]);
  }
  return reached;
}

export function createEvacuationStore({ pool }: Database): EvacuationStore {
  return {
    unfinished: () => unfinished(pool),

    async next(serverId, without) {
      const { rows } = await pool.query<{ id: string }>(NEXT, [serverId, without]);
      return rows.map((row) => row.id);
    },

    move: (serverId, region, deviceIds) => move(pool, serverId, region, deviceIds),

    async finish(serverId) {
      await pool.query(FINISH_EMPTY, [serverId]);
    },
  };
}
