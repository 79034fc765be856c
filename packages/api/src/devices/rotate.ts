import { createHash } from 'node:crypto';
import { CVaultError } from '../platform/errors.ts';
import { reached } from '../platform/observability/steps.ts';
import { HOLDS } from './hold.ts';
import type { KeyChange, Owner } from './ports.ts';
import { queued } from '../platform/db/outbox.ts';
import type pg from 'pg';
import { brokenConstraint } from '../platform/db/database.ts';
import { named } from '../platform/db/named.ts';
import { askAsTenant } from '../platform/db/tenancy.ts';

/**
 * The whole change in one statement, with the same rules for keys as at registration: a key that is in use, or was
 * another tenant's, leaves public_key null, which its column refuses. The old key stays registered until the VPN
 * server has acknowledged the generation without it. A device that is not on its VPN server has no old key there
 * that could keep working.
 */
const ROTATE = named<
  KeyChange & Owner & { id: string; keyHash: Buffer; pushAfterMs: number; keyHold: number }
>(
  'device-rotate',
  `
WITH before AS (
  SELECT id, tenant_id, public_key, state, holds & ~$keyHold::int AS holds
  FROM devices
  WHERE tenant_id = $tenantId AND user_id = $userId AND id = $id AND state IN ('live', 'suspended')
    AND ($ifPublicKey::bytea IS NULL OR public_key = $ifPublicKey)
  FOR UPDATE
), key AS (
  INSERT INTO public_keys (key_hash, tenant_id, device_id) SELECT $keyHash, tenant_id, id FROM before
  ON CONFLICT (key_hash) DO UPDATE SET device_id = excluded.device_id
    WHERE public_keys.tenant_id = excluded.tenant_id AND public_keys.device_id IS NULL
  RETURNING key_hash
), d AS (
  UPDATE devices SET public_key = (SELECT $publicKey::bytea FROM key), private_key = $sealedPrivateKey, private_key_erased = false, preshared_key = $sealedPresharedKey,
    replaces_key = CASE WHEN before.state = 'live' AND $overlapSeconds > 0 THEN before.public_key END,
    overlap_until = CASE WHEN before.state = 'live' AND $overlapSeconds > 0 THEN now() + $overlapSeconds::int * interval '1 second' END,
    key_changed_at = now(), key_expiry_told_days = NULL, generation = generation + 1, holds = before.holds,
    state = (CASE before.holds WHEN 0 THEN 'live' ELSE 'suspended' END)::device_state
  FROM before WHERE devices.id = before.id
  RETURNING devices.id, devices.tenant_id, devices.server_id, devices.generation
), ${queued('d', { afterMs: '$pushAfterMs' })}
SELECT id FROM d`,
);

const EXISTS = "SELECT FROM devices WHERE tenant_id = $1 AND user_id = $2 AND id = $3 AND state <> 'deleted'";

/**
 * Returns whether there is such a device.
 * @throws CVaultError see `DeviceStore.rotate`
 */
export async function rotateKeys(
  pool: pg.Pool,
  { tenantId, userId }: Owner,
  id: string,
  change: KeyChange,
  pushAfterMs: number,
): Promise<boolean> {
  const query = ROTATE.with({
    ifPublicKey: undefined,
    ...change,
    tenantId,
    userId,
    id,
    keyHash: createHash('sha256').update(change.publicKey).digest(),
    pushAfterMs,
    keyHold: HOLDS.key,
  });
  try {
    reached('rotate:asked');
    const { rowCount } = await askAsTenant(pool, tenantId, query);
    reached('rotate:committed');
    if (rowCount === 1) return true;
  } catch (cause) {
    const broken = brokenConstraint(cause);
    if (broken === 'public_key' || broken === 'devices_live_public_key') {
      throw new CVaultError('public_key_taken', 'This public key is in use or was used before.', { cause });
    }
    throw cause;
  }
  const { rowCount } = await askAsTenant(pool, tenantId, EXISTS, [tenantId, userId, id]);
  if (rowCount === 0) return false;
  throw new CVaultError(
    'state_conflict',
    change.ifPublicKey === undefined
      ? 'The device has failed: move it, to the same VPN server if need be, or delete it.'
      : 'The device has another key now.',
  );
}
