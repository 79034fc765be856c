import type { Reading } from './meter.ts';
import type { DueServer, MeterStore } from './ports.ts';
import { LIVE_HANDSHAKE_SECONDS } from '@cvault/protocol';
import type { Database } from '../platform/db/database.ts';
import { inTransaction, repeating } from '../platform/db/transaction.ts';
import { addToTotals, type MovedBytes } from './totals.ts';

/** An unclaimed VPN server is due immediately. */
const CLAIM_DUE = {
  name: 'meter-claim-due',
  text: `
WITH new AS (
  INSERT INTO meter_passes (server_id)
  SELECT id FROM unnest($1::uuid[]) AS linked (id)
  WHERE NOT EXISTS (SELECT FROM meter_passes WHERE server_id = linked.id)
  ON CONFLICT DO NOTHING
), due AS (
  SELECT server_id FROM meter_passes WHERE server_id = ANY ($1) AND due_at <= now()
  ORDER BY due_at FOR UPDATE SKIP LOCKED
)
UPDATE meter_passes p SET due_at = now() + $2 * interval '1 second'
FROM due WHERE p.server_id = due.server_id
RETURNING p.server_id, p.epoch, p.stored_pass`,
};

/** Accepts only the VPN server's current agent, and only passes newer than the last. */
const BEGIN_PASS = `
UPDATE meter_passes p SET epoch = $2, pass = $3, life = $4,
  stored_pass = CASE WHEN p.epoch = $2 THEN p.stored_pass ELSE 0 END
FROM servers s
WHERE p.server_id = $1 AND s.id = $1 AND s.epoch = $2 AND (p.epoch IS DISTINCT FROM $2 OR p.pass < $3)`;

/**
 * Stores a page of readings in one statement. `moved` compares with a snapshot, which can only be behind: it may
 * admit too much, never too little, and the conflict clause decides on the current row. The `…_added` columns carry
 * the result out of the conflict clause, the only place where old and new values meet under the row's lock.
 *
 * Bytes can be counted in any order. Handshakes cannot: an older pass would close what a newer one opened, so only
 * the latest pass (`fresh`) may open and close sessions.
 *
 * A handshake just before a disconnect call stays `live` for up to LIVE_HANDSHAKE_SECONDS. During that time, only
 * the connect call opens a session.
 *
 * A session belongs to its device's current VPN server, so readings of a previous one do not affect it.
 *
 * As everywhere, devices are locked in the order of their ids and before sessions. `last_connected_at` is accurate
 * to a minute, which saves every other update of the widest table.
 *
 * Each LIMIT 1 forces an index look-up per reading. With plain joins and no statistics, the planner reads whole
 * tables: measured with 10,000 devices, 0.35 s of a page's 0.5 s.
 */
const STORE = {
  name: 'meter-store',
  text: `
WITH fresh AS MATERIALIZED (
  SELECT EXISTS (SELECT FROM meter_passes WHERE server_id = $1 AND epoch = $3 AND pass = $4) AS pass
), reading AS MATERIALIZED (
  SELECT d.tenant_id, d.user_id, d.id AS device_id, r.received, r.sent, r.live, s.id AS session_id,
    r.received > coalesce(m.received_bytes, 0) OR r.sent > coalesce(m.sent_bytes, 0) AS moved,
    r.idle AND s.id IS NOT NULL AND (s.opened_by = 'handshake' OR s.connected_at <= now() - interval '${LIVE_HANDSHAKE_SECONDS} seconds') AS silent
  FROM unnest($5::uuid[], $6::bigint[], $7::bigint[], $8::boolean[], $9::boolean[])
    AS r (device_id, received, sent, live, idle)
  CROSS JOIN LATERAL (SELECT id, tenant_id, user_id FROM devices WHERE id = r.device_id LIMIT 1) AS d
  LEFT JOIN LATERAL (
    SELECT received_bytes, sent_bytes FROM meter_readings
    WHERE device_id = r.device_id AND server_id = $1 AND life = $2 LIMIT 1
  ) AS m ON true
  LEFT JOIN LATERAL (
    SELECT id, opened_by, connected_at FROM sessions
    WHERE device_id = r.device_id AND state = 'ACTIVE' AND server_id = $1 LIMIT 1
  ) AS s ON true
), touched AS MATERIALIZED (
  SELECT reading.*, fresh.pass AND d.state = 'live' AND d.server_id = $1 AS here, fresh.pass AS fresh
  FROM fresh, reading JOIN devices d ON d.id = reading.device_id
  WHERE reading.moved OR reading.live OR reading.silent
  ORDER BY d.id FOR NO KEY UPDATE OF d
), metered AS (
  INSERT INTO meter_readings AS m
    (tenant_id, user_id, device_id, server_id, life, received_bytes, sent_bytes, received_added, sent_added)
  SELECT tenant_id, user_id, device_id, $1, $2, received, sent, received, sent FROM touched WHERE moved
  ON CONFLICT (device_id, server_id, life) DO UPDATE SET
    received_added = greatest(excluded.received_bytes - m.received_bytes, 0),
    sent_added = greatest(excluded.sent_bytes - m.sent_bytes, 0),
    received_bytes = greatest(excluded.received_bytes, m.received_bytes),
    sent_bytes = greatest(excluded.sent_bytes, m.sent_bytes),
    read_at = now()
  WHERE excluded.received_bytes > m.received_bytes OR excluded.sent_bytes > m.sent_bytes
  RETURNING tenant_id, user_id, device_id, received_added AS upload, sent_added AS download
), usage AS (
  INSERT INTO usage_metrics AS u
    (tenant_id, user_id, device_id, server_id, span, starts_at, upload_bytes, download_bytes)
  SELECT tenant_id, user_id, device_id, $1, 'hour', date_trunc('hour', now(), 'UTC'), upload, download FROM metered
  ON CONFLICT (tenant_id, device_id, starts_at, span, server_id) DO UPDATE SET
    upload_bytes = u.upload_bytes + excluded.upload_bytes, download_bytes = u.download_bytes + excluded.download_bytes
), seen AS (
  UPDATE devices SET last_connected_at = now() FROM touched
  WHERE devices.id = touched.device_id AND touched.here AND touched.live
    AND (last_connected_at > now() - interval '60 seconds') IS NOT TRUE
), session AS (
  UPDATE sessions s SET
    upload_bytes = s.upload_bytes + coalesce(metered.upload, 0),
    download_bytes = s.download_bytes + coalesce(metered.download, 0),
    state = (CASE WHEN touched.fresh AND touched.silent THEN 'CLOSED' ELSE 'ACTIVE' END)::session_state,
    closed_at = CASE WHEN touched.fresh AND touched.silent THEN now() END,
    closed_reason = (CASE WHEN touched.fresh AND touched.silent THEN 'silence' END)::session_end
  FROM touched LEFT JOIN metered USING (device_id)
  WHERE s.id = touched.session_id AND s.state = 'ACTIVE'
    AND (metered.device_id IS NOT NULL OR touched.fresh AND touched.silent)
), opened AS (
  INSERT INTO sessions (id, tenant_id, user_id, device_id, server_id, opened_by, upload_bytes, download_bytes)
  SELECT gen_random_uuid(), touched.tenant_id, touched.user_id, touched.device_id, $1, 'handshake',
    coalesce(metered.upload, 0), coalesce(metered.download, 0)
  FROM touched LEFT JOIN metered USING (device_id)
  WHERE touched.here AND touched.live AND touched.session_id IS NULL AND (
    SELECT last.closed_reason = 'disconnect' AND last.closed_at > now() - interval '${LIVE_HANDSHAKE_SECONDS} seconds'
    FROM sessions last WHERE last.tenant_id = touched.tenant_id AND last.device_id = touched.device_id
    ORDER BY last.connected_at DESC, last.id DESC LIMIT 1
  ) IS NOT TRUE
  ON CONFLICT (device_id) WHERE state = 'ACTIVE' DO NOTHING
)
SELECT tenant_id, user_id, sum(upload + download)::bigint AS bytes FROM metered GROUP BY tenant_id, user_id`,
};

/**
 * Closes sessions that no reading closes: devices without any handshake since their peer was set, or unknown to the
 * VPN server. The whole pass is stored, so every live device was seen just now.
 */
const CLOSE_SILENT = `
WITH silent AS (
  SELECT s.id FROM sessions s JOIN devices d ON d.tenant_id = s.tenant_id AND d.id = s.device_id
  WHERE s.server_id = $1 AND s.state = 'ACTIVE'
    AND greatest(s.connected_at, d.last_connected_at) <= now() - interval '${LIVE_HANDSHAKE_SECONDS} seconds'
    AND EXISTS (SELECT FROM meter_passes WHERE server_id = $1 AND epoch = $2 AND pass = $3)
  ORDER BY s.device_id FOR UPDATE OF s
)
UPDATE sessions SET state = 'CLOSED', closed_at = now(), closed_reason = 'silence'
FROM silent WHERE sessions.id = silent.id AND sessions.state = 'ACTIVE'`;

const END_PASS = `
UPDATE meter_passes SET stored_pass = $3 WHERE server_id = $1 AND epoch = $2 AND pass >= $3 AND stored_pass < $3`;

function columnsOf(readings: readonly Reading[]): unknown[] {
  return [
    readings.map((reading) => reading.deviceId),
    readings.map((reading) => reading.receivedBytes),
    readings.map((reading) => reading.sentBytes),
    readings.map((reading) => reading.handshake === 'live' && !reading.gone),
    readings.map((reading) => reading.handshake === 'idle' && !reading.gone),
  ];
}

export function createMeterStore({ pool }: Database): MeterStore {
  return {
    async claimDue(serverIds, everySeconds) {
      if (serverIds.length === 0) return [];
      const { rows } = await pool.query<{ server_id: string; epoch: string | null; stored_pass: number }>({
        ...CLAIM_DUE,
        values: [serverIds, everySeconds],
      });
      return rows.map(({ server_id, epoch, stored_pass }): DueServer => ({
        serverId: server_id,
        stored: epoch === null || stored_pass === 0 ? null : { epoch, pass: stored_pass },
      }));
    },

    async beginPass(serverId, { epoch, pass, life }) {
      await pool.query(BEGIN_PASS, [serverId, epoch, pass, life]);
    },

    store(serverId, { epoch, pass, life }, readings) {
      return inTransaction(pool, async (db) => {
        // A generic plan assumes ten readings and would join a thousand with a thousand by nested loops.
        await db.query('SET LOCAL plan_cache_mode = force_custom_plan');
        const values = [serverId, life, epoch, pass, ...columnsOf(readings)];
        const { rows } = await db.query<MovedBytes>({ ...STORE, values });
        return addToTotals(db, rows);
      });
    },

    async endPass(serverId, { epoch, pass }) {
      await repeating(() => pool.query(CLOSE_SILENT, [serverId, epoch, pass]));
      await pool.query(END_PASS, [serverId, epoch, pass]);
    },
  };
}
