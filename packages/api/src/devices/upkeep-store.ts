import type { Items } from '../platform/jobs/items.ts';
import { HOLDS } from './hold.ts';
import type { DeviceUpkeepStore, KeyToRotate, UpkeepBatch } from './upkeep.ts';
import type { Database } from '../platform/db/database.ts';
import { repeating } from '../platform/db/transaction.ts';
import { putHold, releaseHold } from './hold-sql.ts';
import { queued } from '../platform/db/outbox.ts';
import { DUE_KEY_WARNINGS, WARN_OF_KEY_EXPIRY } from './key-warnings.ts';

/** A held device has no old key on its VPN server, so nothing there needs to be notified. */
const DUE_OVERLAPS = `
SELECT id FROM devices WHERE overlap_until <= now() AND id <> ALL ($2::uuid[]) ORDER BY overlap_until LIMIT $1`;
const END_OVERLAPS = `
WITH due AS (
  SELECT id, state FROM devices WHERE id = ANY ($1::uuid[]) AND overlap_until <= now() ORDER BY id FOR UPDATE
), d AS (
  UPDATE devices SET replaces_key = NULL, overlap_until = NULL, generation = generation + (due.state = 'live')::int
  FROM due WHERE devices.id = due.id
  RETURNING devices.id, devices.tenant_id, devices.server_id, devices.generation, due.state = 'live' AS live
), ${queued('d', { where: 'live' })}
SELECT DISTINCT server_id FROM d WHERE live`;

const DUE_EXPIRY = `
SELECT id FROM devices
WHERE expires_at <= now() AND state IN ('live', 'suspended') AND holds & ${HOLDS.expired} = 0
  AND id <> ALL ($2::uuid[])
ORDER BY expires_at LIMIT $1`;

/** Tenants one by one, each by its index of key ages. */
const DUE_KEYS = `
SELECT d.id FROM tenants t CROSS JOIN LATERAL (
  SELECT id FROM devices
  WHERE tenant_id = t.id AND state IN ('live', 'suspended') AND holds & ${HOLDS.key} = 0
    AND key_changed_at < now() - t.key_lifetime_days * interval '1 day' AND id <> ALL ($2::uuid[])
  ORDER BY key_changed_at LIMIT $1
) AS d LIMIT $1`;

const YOUNG_KEYS = `
SELECT d.id FROM devices d JOIN tenants t ON t.id = d.tenant_id
WHERE d.state = 'suspended' AND d.holds & ${HOLDS.key} <> 0
  AND (d.key_changed_at < now() - t.key_lifetime_days * interval '1 day') IS NOT TRUE AND d.id <> ALL ($2::uuid[])
LIMIT $1`;

const KEYS_TO_ROTATE = `
SELECT d.* FROM tenants t CROSS JOIN LATERAL (
  SELECT id, tenant_id, user_id, public_key FROM devices
  WHERE tenant_id = t.id AND state = 'live' AND holds & ${HOLDS.key} = 0
    AND key_changed_at < now() - t.key_rotation_days * interval '1 day'
    AND private_key IS NOT NULL AND replaces_key IS NULL AND id <> ALL ($2::uuid[])
  ORDER BY key_changed_at LIMIT $1
) AS d WHERE t.state = 'active' LIMIT $1`;

/** Checks the condition again on the locked row: the device may have changed since it was selected. */
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
  /** Selects devices, then changes them: all at once, or one by one if that fails. */
  const batches =
    (choose: string, change: string, ...values: number[]) =>
    async (limit: number, items: Items): Promise<UpkeepBatch> => {
      const { rows } = await pool.query<{ id: string }>(choose, [limit, items.resting()]);
      const changed = await items.together(
        rows.map((row) => row.id),
        (ids) => repeating(() => pool.query<{ server_id: string }>(change, [ids, ...values])),
      );
      const serverIds = changed.flatMap((each) => each.rows.map((row) => row.server_id));
      return { devices: rows.length, serverIds: [...new Set(serverIds)] };
    };

  return {
    endOverlaps: batches(DUE_OVERLAPS, END_OVERLAPS),
    holdExpired: batches(DUE_EXPIRY, HOLD_EXPIRED, HOLDS.expired),
    warnOfKeyExpiry: batches(DUE_KEY_WARNINGS, WARN_OF_KEY_EXPIRY),
    holdOldKeys: batches(DUE_KEYS, HOLD_OLD_KEYS, HOLDS.key),
    releaseYoungKeys: batches(YOUNG_KEYS, RELEASE_YOUNG_KEYS, HOLDS.key),

    async keysToRotate(limit, without) {
      const { rows } = await pool.query<RotateRow>(KEYS_TO_ROTATE, [limit, without]);
      return rows.map((row): KeyToRotate => ({
        owner: { tenantId: row.tenant_id, userId: row.user_id },
        deviceId: row.id,
        publicKey: row.public_key,
      }));
    },
  };
}
