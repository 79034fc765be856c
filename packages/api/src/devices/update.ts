import { HOLDS } from './hold.ts';
import type { Owner } from './ports.ts';
import { queued } from '../platform/db/outbox.ts';
import type pg from 'pg';
import { askAsTenant } from '../platform/db/tenancy.ts';
import { changedValues, changeFields, isGiven } from './field-columns.ts';
import { type DeviceChanges, FIELD_NAMES } from './fields.ts';

/** The number of the first parameter that holds a field. */
const FIRST = 6;

/** A new expiry is in the future, so it releases the hold of the old one. */
const UPDATE = {
  name: 'device-update',
  text: `
WITH before AS (
  SELECT id, state, CASE WHEN ${isGiven('expiresAt', FIELD_NAMES, FIRST)} THEN holds & ~$5::int ELSE holds END AS holds
  FROM devices WHERE tenant_id = $1 AND user_id = $2 AND id = $3 AND state <> 'deleted' FOR UPDATE
), d AS (
  UPDATE devices SET ${changeFields(FIELD_NAMES, FIRST)}, holds = before.holds,
    state = CASE WHEN before.state = 'suspended' AND before.holds = 0 THEN 'live' ELSE before.state END,
    generation = generation + (before.state = 'suspended' AND before.holds = 0)::int
  FROM before WHERE devices.id = before.id
  RETURNING devices.id, devices.tenant_id, devices.server_id, devices.generation, devices.state <> before.state AS revived
), ${queued('d', { where: 'revived', afterMs: '$4' })}
SELECT id FROM d`,
};

/** Returns whether there is such a device. */
export async function updateDevice(
  pool: pg.Pool,
  owner: Owner,
  id: string,
  changes: DeviceChanges,
  pushAfterMs: number,
): Promise<boolean> {
  const { tenantId, userId } = owner;
  const values = [tenantId, userId, id, pushAfterMs, HOLDS.expired, ...changedValues(FIELD_NAMES, changes)];
  return (await askAsTenant(pool, tenantId, { ...UPDATE, values })).rowCount === 1;
}
