import type pg from 'pg';

/**
 * Devices deleted while a VPN server that they had left still owed its acknowledgement. Their key is retired only
 * after the last one. The statement that takes acknowledgements leaves this to the statement here, because two of
 * them at once cannot see each other's.
 */
export const GONE = `state = 'deleted' AND removed_at IS NULL AND applied_generation = generation
  AND NOT EXISTS (SELECT FROM departures WHERE departures.device_id = devices.id)`;

export const finishSql = (which: string) => `
WITH leaving AS (
  SELECT id FROM devices WHERE ${which} AND ${GONE} ORDER BY id FOR UPDATE SKIP LOCKED
), d AS (
  UPDATE devices SET removed_at = now() FROM leaving WHERE devices.id = leaving.id RETURNING devices.id
)
UPDATE public_keys SET device_id = NULL FROM d WHERE public_keys.device_id = d.id`;

const FINISH_SERVER = finishSql('server_id = $1');

/** Finishes those of one VPN server, in the transaction that removes it. */
export async function finishDeparturesOf(db: pg.PoolClient, serverId: string): Promise<void> {
  await db.query(FINISH_SERVER, [serverId]);
}
