import { type DeviceUpkeepStore, HOLDS, type KeyToRotate, type UpkeepBatch } from '@cvault/core';
import type { Database } from '../database.ts';
import { inTransaction } from '../transaction.ts';
import { putHold, releaseHold } from './holds.ts';

/** A device that is held back has no old key on its VPN server: nothing there has to hear of it. */
const END_OVERLAPS = `
WITH due AS (
  SELECT id, state FROM devices WHERE overlap_until <= now() ORDER BY overlap_until LIMIT $1 FOR UPDATE SKIP LOCKED
), d AS (
  UPDATE devices SET replaces_key = NULL, overlap_until = NULL, generation = generation + (due.state = 'live')::int
  FROM due WHERE devices.id = due.id
  RETURNING devices.id, devices.tenant_id, devices.server_id, devices.generation, due.state = 'live' AS live
), queued AS (
  INSERT INTO outbox (tenant_id, server_id, device_id, generation)
  SELECT tenant_id, server_id, id, generation FROM d WHERE live
)
SELECT id, CASE WHEN live THEN server_id END AS server_id FROM d`;

const DUE_EXPIRY = `
SELECT id FROM devices
WHERE expires_at <= now() AND state IN ('live', 'suspended') AND holds & ${HOLDS.expired} = 0
ORDER BY expires_at LIMIT $1`;

/** Tenants one by one, each by its index of key ages. */
const DUE_KEYS = `
SELECT d.id FROM tenants t CROSS JOIN LATERAL (
  SELECT id FROM devices
  WHERE tenant_id = t.id AND state IN ('live', 'suspended') AND holds & ${HOLDS.key} = 0
    AND key_changed_at < now() - t.key_lifetime_days * interval '1 day'
  ORDER BY key_changed_at LIMIT $1
) AS d LIMIT $1`;

const YOUNG_KEYS = `
SELECT d.id FROM devices d JOIN tenants t ON t.id = d.tenant_id
WHERE d.state = 'suspended' AND d.holds & ${HOLDS.key} <> 0
  AND (d.key_changed_at < now() - t.key_lifetime_days * interval '1 day') IS NOT TRUE
LIMIT $1`;

const KEYS_TO_ROTATE = `
SELECT d.* FROM tenants t CROSS JOIN LATERAL (
  SELECT id, tenant_id, user_id, public_key FROM devices
  WHERE tenant_id = t.id AND state = 'live' AND holds & ${HOLDS.key} = 0
    AND key_changed_at < now() - t.key_rotation_days * interval '1 day'
    AND private_key IS NOT NULL AND replaces_key IS NULL
  ORDER BY key_changed_at LIMIT $1
) AS d WHERE t.state = 'active' LIMIT $1`;

/** The condition again, on the row as it is once it is locked: the device may have changed since it was chosen. */
const TOO_OLD = `(
  key_changed_at < now() - (SELECT key_lifetime_days FROM tenants WHERE tenants.id = devices.tenant_id) * interval '1 day'
)`;
const CHOSEN = 'id = ANY ($1::uuid[])';
const HOLD_EXPIRED = putHold(`${CHOSEN} AND expires_at <= now()`);
const HOLD_OLD_KEYS = putHold(`${CHOSEN} AND ${TOO_OLD}`);
const RELEASE_YOUNG_KEYS = releaseHold(`${CHOSEN} AND ${TOO_OLD} IS NOT TRUE`);

interface RotateRow {
  id: string;
  tenant_id: string;
  user_id: string;
  public_key: Buffer;
}

export function createDeviceUpkeepStore({ pool }: Database): DeviceUpkeepStore {
  /** Chooses devices, then moves their hold. */
  function holds(choose: string, move: string, bit: number) {
    return (limit: number): Promise<UpkeepBatch> =>
      inTransaction(pool, async (db) => {
        const chosen = (await db.query<{ id: string }>(choose, [limit])).rows.map((row) => row.id);
        if (chosen.length === 0) return { devices: 0, serverIds: [] };
        const { rows } = await db.query<{ server_id: string }>(move, [chosen, bit]);
        return { devices: chosen.length, serverIds: rows.map((row) => row.server_id) };
      });
  }

  return {
    async endOverlaps(limit) {
      const { rows } = await pool.query<{ server_id: string | null }>(END_OVERLAPS, [limit]);
      const serverIds = new Set(rows.map((row) => row.server_id).filter((id) => id !== null));
      return { devices: rows.length, serverIds: [...serverIds] };
    },

    holdExpired: holds(DUE_EXPIRY, HOLD_EXPIRED, HOLDS.expired),
    holdOldKeys: holds(DUE_KEYS, HOLD_OLD_KEYS, HOLDS.key),
    releaseYoungKeys: holds(YOUNG_KEYS, RELEASE_YOUNG_KEYS, HOLDS.key),

    async keysToRotate(limit) {
      const { rows } = await pool.query<RotateRow>(KEYS_TO_ROTATE, [limit]);
      return rows.map((row): KeyToRotate => ({
        owner: { tenantId: row.tenant_id, userId: row.user_id },
        deviceId: row.id,
        publicKey: row.public_key,
      }));
    },
  };
}
