import { queued } from '../platform/db/outbox.ts';

/**
 * SQL that puts a hold on devices or releases it: `$2` is its bit (see HOLDS). Devices whose state changes get a
 * new generation. The statement returns the ids of the VPN servers to notify. Rows are locked in the order of their
 * ids, as everywhere.
 * @param which the condition that selects the devices, by `$1` and any from `$3` on; constant text of the caller
 */
function moveHold(which: string, newHolds: string): string {
  return `
WITH before AS (
  SELECT id, ${newHolds} AS holds, (${newHolds} = 0) <> (state = 'live') AS changes
  FROM devices WHERE ${which} AND state IN ('live', 'suspended') AND ${newHolds} <> holds
  ORDER BY id FOR UPDATE
), d AS (
  UPDATE devices SET holds = before.holds, generation = generation + before.changes::int,
    state = (CASE before.holds WHEN 0 THEN 'live' ELSE 'suspended' END)::device_state
  FROM before WHERE devices.id = before.id
  RETURNING devices.id, devices.tenant_id, devices.server_id, devices.generation, before.changes
), ${queued('d', { where: 'changes' })}
SELECT DISTINCT server_id FROM d WHERE changes`;
}

/** Takes devices off their VPN servers. */
export const putHold = (which: string): string => moveHold(which, '(holds | $2::int)');

/** Restores devices without another hold. */
export const releaseHold = (which: string): string => moveHold(which, '(holds & ~$2::int)');
