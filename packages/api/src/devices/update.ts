import { HOLDS } from './hold.ts';
import type { DeviceChanges, Owner } from './ports.ts';
import { queued } from '../platform/db/outbox.ts';
import type pg from 'pg';
import { askAsTenant } from '../platform/db/tenancy.ts';
import { changedValues, setOwn } from './own-configuration.ts';

/** A new expiry lies in the future, so it releases the hold of the one before. */
const UPDATE = {
  name: 'device-update',
  text: `
WITH before AS (
  SELECT id, state, CASE WHEN $5 THEN holds & ~$8::int ELSE holds END AS holds
  FROM devices WHERE tenant_id = $1 AND user_id = $2 AND id = $3 AND state <> 'deleted' FOR UPDATE
), d AS (
  UPDATE devices SET
    name = coalesce($4, name),
    expires_at = CASE WHEN $5::boolean THEN $6::timestamptz ELSE expires_at END,
    ${setOwn(9)},
    holds = before.holds,
    state = CASE WHEN before.state = 'suspended' AND before.holds = 0 THEN 'live' ELSE before.state END,
    generation = generation + (before.state = 'suspended' AND before.holds = 0)::int
  FROM before WHERE devices.id = before.id
  RETURNING devices.id, devices.tenant_id, devices.server_id, devices.generation, devices.state <> before.state AS revived
), ${queued('d', { where: 'revived', afterMs: '$7' })}
SELECT id FROM d`,
};

/** Answers whether there is such a device. */
export async function updateDevice(
  pool: pg.Pool,
  owner: Owner,
  id: string,
  { name, expiresAt, ...own }: DeviceChanges,
  pushAfterMs: number,
): Promise<boolean> {
  const query = {
    ...UPDATE,
    values: [
      owner.tenantId,
      owner.userId,
      id,
      name ?? null,
      expiresAt !== undefined,
      expiresAt ?? null,
      pushAfterMs,
      HOLDS.expired,
      ...changedValues(own),
    ],
  };
  return (await askAsTenant(pool, owner.tenantId, query)).rowCount === 1;
}
