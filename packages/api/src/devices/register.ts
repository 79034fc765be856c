import { createHash } from 'node:crypto';
import { CVaultError } from '../platform/errors.ts';
import { reached } from '../platform/observability/steps.ts';
import type { Device } from './device.ts';
import type { NewDevice } from './ports.ts';
import type pg from 'pg';
import { brokenConstraint } from '../platform/db/database.ts';
import { askAsTenant } from '../platform/db/tenancy.ts';
import { checkChurn, mayTakeAddress } from './churn.ts';
import { refusedGrowth } from './device-quota.ts';
import { modeOf } from '../platform/db/mode.ts';
import { choosePlacement, placing } from './placement.ts';
import { queued } from '../platform/db/outbox.ts';
import { NEW_COLUMNS, NEW_PARAMETERS } from './field-columns.ts';
import { named } from '../platform/db/named.ts';
import { DEVICE_COLUMNS, type DeviceRow, deviceFromRow } from './rows.ts';

/**
 * The whole registration in one statement: measured beside five of them in one transaction it halves the time that a
 * client waits.
 *
 * Every rule is a constraint, so breaking one undoes everything:
 * - no address left: server_id and assigned_ip are null, which their columns refuse;
 * - the key is taken: public_key is null;
 * - the quota is used up: the check tenants_device_limit refuses the new count, the trigger tenant_users_growth that of
 *   the user;
 * - the tenant has too many addresses resting: assigned_ip is null;
 * - the user is not the tenant's: the composite foreign key refuses.
 *
 * A key that this tenant retired may come back to it; any other stays refused. The tenant's row is everybody's lock, so it
 * is touched last: it depends on the new device. What the device may use is read from the rows as that update leaves them,
 * so a plan that is changed meanwhile is either in the answer, or its change finds the device.
 */
const REGISTER = named<NewDevice & { keyHash: Buffer; pushAfterMs: number; quarantineSeconds: number }>(
  'device-register',
  `
WITH ${choosePlacement({ region: '$region', serverId: '$serverId' }, `s.mode = ${modeOf('$tenantId', '$userId')}`)}, churn AS MATERIALIZED (
  ${mayTakeAddress('$tenantId', '$quarantineSeconds')}
), lease AS (
  UPDATE ip_pool SET state = 'held', tenant_id = $tenantId, device_id = $id
  FROM chosen
  WHERE ip_pool.server_id = chosen.server_id AND ip_pool.address = chosen.address AND (SELECT allowed FROM churn)
  RETURNING ip_pool.server_id, ip_pool.address, chosen.address6
), key AS (
  INSERT INTO public_keys (key_hash, tenant_id, device_id) VALUES ($keyHash, $tenantId, $id)
  ON CONFLICT (key_hash) DO UPDATE SET device_id = excluded.device_id
    WHERE public_keys.tenant_id = excluded.tenant_id AND public_keys.device_id IS NULL
  RETURNING key_hash
), device AS (
  INSERT INTO devices (id, tenant_id, user_id, mode, server_id, assigned_ip, assigned_ip6, public_key, private_key,
    preshared_key, ${NEW_COLUMNS})
  VALUES ($id, $tenantId, $userId, ${modeOf('$tenantId', '$userId')}, (SELECT server_id FROM lease), (SELECT address FROM lease), (SELECT address6 FROM lease),
          (SELECT $publicKey::bytea FROM key), $sealedPrivateKey, $sealedPresharedKey, ${NEW_PARAMETERS})
  RETURNING *
), ${queued('device', { afterMs: '$pushAfterMs' })}, user_quota AS (
  UPDATE tenant_users SET device_count = device_count + 1
  FROM device WHERE tenant_users.tenant_id = device.tenant_id AND tenant_users.id = device.user_id
  RETURNING tenant_users.*
), quota AS (
  UPDATE tenants SET device_count = tenants.device_count + 1
  FROM user_quota WHERE tenants.id = user_quota.tenant_id
  RETURNING tenants.*
)
SELECT ${DEVICE_COLUMNS}
FROM device d JOIN servers s ON s.id = d.server_id CROSS JOIN quota t CROSS JOIN user_quota u`,
);

/**
 * @param pushAfterMs how long the outbox entry is left to the request that writes it
 * @param quarantineSeconds how long a freed address counts as resting; 0: churn has no limit
 * @throws CVaultError see `DeviceStore.register`
 */
export function registerDevice(
  pool: pg.Pool,
  device: NewDevice,
  pushAfterMs: number,
  quarantineSeconds = 0,
): Promise<Device> {
  return placing(pool, device, device, () => registerOnce(pool, device, pushAfterMs, quarantineSeconds));
}

/** Null if no address was available. */
async function registerOnce(
  pool: pg.Pool,
  device: NewDevice,
  pushAfterMs: number,
  quarantineSeconds: number,
): Promise<Device | null> {
  try {
    const keyHash = createHash('sha256').update(device.publicKey).digest();
    const query = REGISTER.with({ ...device, keyHash, pushAfterMs, quarantineSeconds });
    reached('register:asked');
    const { rows } = await askAsTenant<DeviceRow>(pool, device.tenantId, query);
    reached('register:committed');
    return deviceFromRow(rows[0]!);
  } catch (cause) {
    switch (brokenConstraint(cause)) {
      case 'server_id':
      case 'assigned_ip':
        await checkChurn(pool, device.tenantId, quarantineSeconds);
        return null;
      case 'devices_pkey':
        // A retried registration: the first try's device was deleted, or is being committed now.
        throw new CVaultError(
          'state_conflict',
          'This request made a device before, which is deleted or still being made. Use another Idempotency-Key for a new one.',
          { cause },
        );
      case 'public_key':
      case 'devices_live_public_key':
        throw new CVaultError('public_key_taken', 'This public key is in use or was used before.', { cause });
      default:
        throw refusedGrowth(cause) ?? cause;
    }
  }
}
