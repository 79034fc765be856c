import { reached } from '../platform/observability/steps.ts';
import { HOLDS } from './hold.ts';
import type { MovedDevice, Owner, PlacementWish } from './ports.ts';
import type pg from 'pg';
import { named } from '../platform/db/named.ts';
import { asTenant } from '../platform/db/tenancy.ts';
import { checkChurn, mayTakeAddress } from './churn.ts';
import { refusedGrowth } from './device-quota.ts';
import { choosePlacement, placing } from './placement.ts';
import { queued } from '../platform/db/outbox.ts';
import { DEVICE_COLUMNS, DEVICE_JOINS, type DeviceRow, deviceFromRow } from './rows.ts';

/**
 * Moves a device in one statement: a lease on the other VPN server, the device's row with the next generation, a departure
 * that the old VPN server has to acknowledge, and an outbox entry for each of the two. After it, everything completes by
 * itself: the one is told `set`, the other `remove` with the same generation, so whatever is still under way to the old
 * one is older. The old address drains until the departure is acknowledged.
 *
 * `stays` keeps what is already where it is to be, so that a move whose answer was lost can be sent again. A place that
 * was not asked for by name is another VPN server than the one that it is on.
 *
 * The old lease is found by its key alone. Where this statement waited for another one that moved the device, it sees the
 * leases as they were before: what they say of their holder is outdated, and PostgreSQL looks at the newest version of a
 * row only once it has found it. It even checks constraints on what the outdated version would become, so the holder is
 * written with the state. `lease` reads `left_lease`, so the old one is draining before the new one is held.
 *
 * The hold of a VPN server that is disabled stays behind with it.
 *
 * A device that failed has no place any more: it gets one like a new device, counted again, where it was or elsewhere. Its old
 * address drains, or has long been given back, whichever: it has left it (see FAIL in fleet/peer-store.ts).
 *
 * A move that its owner asked for counts as churn, like a deletion; one by the operator does not.
 */
const MOVE = named<MoveInput & { serverHold: number }>(
  'device-move',
  `
WITH before AS (
  SELECT * FROM devices
  WHERE tenant_id = $tenantId AND ($userId::uuid IS NULL OR user_id = $userId) AND id = $deviceId
    AND (state IN ('live', 'suspended') AND ($from::uuid IS NULL OR server_id = $from) OR state = 'failed' AND $from IS NULL)
  FOR UPDATE
), stays AS (
  SELECT before.id FROM before JOIN servers s ON s.id = before.server_id
  WHERE before.state <> 'failed' AND (s.id = $serverId OR (s.region = $region AND s.state = 'active' AND $from IS NULL))
), churn AS MATERIALIZED (
  ${mayTakeAddress('$tenantId', '$quarantineSeconds')}
), ${choosePlacement(
    { region: '$region', serverId: '$serverId' },
    `EXISTS (SELECT FROM before WHERE before.mode = s.mode AND (before.server_id <> s.id OR before.state = 'failed'))
    AND NOT EXISTS (SELECT FROM stays) AND ($from IS NOT NULL OR (SELECT allowed FROM churn))`,
  )}, left_lease AS (
  UPDATE ip_pool SET state = 'draining', tenant_id = before.tenant_id, device_id = before.id,
    freed_by = CASE WHEN $from IS NULL THEN before.tenant_id ELSE freed_by END,
    freed_at = CASE WHEN $from IS NULL THEN now() ELSE freed_at END
  FROM before, chosen
  WHERE before.state <> 'failed' AND ip_pool.server_id = before.server_id AND ip_pool.address = before.assigned_ip
  RETURNING ip_pool.server_id
), lease AS (
  UPDATE ip_pool SET state = 'held', tenant_id = $tenantId, device_id = $deviceId
  FROM chosen WHERE ip_pool.server_id = chosen.server_id AND ip_pool.address = chosen.address
    AND (SELECT count(*) FROM left_lease) = (SELECT count(*) FROM before WHERE state <> 'failed')
  RETURNING ip_pool.server_id, ip_pool.address, chosen.address6
), moved AS (
  UPDATE devices SET server_id = lease.server_id, assigned_ip = lease.address, assigned_ip6 = lease.address6,
    generation = devices.generation + 1, failure = NULL, holds = devices.holds & ~$serverHold::int,
    state = (CASE devices.holds & ~$serverHold::int WHEN 0 THEN 'live' ELSE 'suspended' END)::device_state
  FROM before, lease WHERE devices.id = before.id
  RETURNING devices.*, CASE WHEN before.state <> 'failed' THEN before.server_id END AS left_server_id,
    before.assigned_ip AS left_address
), departure AS (
  INSERT INTO departures (tenant_id, device_id, server_id, generation, address)
  SELECT tenant_id, id, left_server_id, generation, left_address FROM moved WHERE left_server_id IS NOT NULL
), ${queued('moved', { afterMs: '$pushAfterMs' }, { serverId: 'left_server_id', where: 'left_server_id IS NOT NULL' })}, user_quota AS (
  UPDATE tenant_users SET device_count = device_count + 1
  FROM moved, before WHERE before.state = 'failed'
    AND tenant_users.tenant_id = moved.tenant_id AND tenant_users.id = moved.user_id
  RETURNING tenant_users.tenant_id
), quota AS (
  UPDATE tenants SET device_count = device_count + 1 FROM user_quota WHERE tenants.id = user_quota.tenant_id
), d AS (
  SELECT * FROM moved
  UNION ALL SELECT before.*, NULL::uuid, NULL::inet FROM before JOIN stays ON stays.id = before.id
)
SELECT ${DEVICE_COLUMNS}, d.left_server_id, (SELECT count(*) FROM before) AS found
FROM (SELECT) AS one LEFT JOIN (d ${DEVICE_JOINS}) ON true`,
);

/** There is always a row; if it has no device, nothing was changed. */
type MoveRow = (DeviceRow | { id: null }) & { left_server_id: string | null; found: number };

export interface MoveInput extends PlacementWish {
  readonly tenantId: string;
  /** Null: of any user. */
  readonly userId: string | null;
  readonly deviceId: string;
  /** Moves it only while it is there, and never lets it stay. Null: from anywhere. */
  readonly from: string | null;
  /** How long only this request may push the new VPN server's outbox entry. */
  readonly pushAfterMs: number;
  /** How long a freed address counts against its tenant's churn; 0: not at all. */
  readonly quarantineSeconds: number;
}

/** Null if there is no such device; `nowhere` if no VPN server was available. */
export async function moveOnce(
  db: Pick<pg.Pool | pg.PoolClient, 'query'>,
  input: MoveInput,
): Promise<MovedDevice | 'nowhere' | null> {
  const { rows } = await db.query<MoveRow>(MOVE.with({ ...input, serverHold: HOLDS.server }));
  const row = rows[0]!;
  if (row.id === null) return row.found === 0 ? null : 'nowhere';
  return { device: deviceFromRow(row), leftServerId: row.left_server_id };
}

/** @throws CVaultError see `DeviceStore.move` */
export function moveDevice(
  pool: pg.Pool,
  owner: Owner,
  deviceId: string,
  wish: PlacementWish,
  pushAfterMs: number,
  quarantineSeconds: number,
): Promise<MovedDevice | null> {
  const input = { ...owner, ...wish, deviceId, from: null, pushAfterMs, quarantineSeconds };
  const sought = { ...wish, moving: { tenantId: owner.tenantId, deviceId } };
  return placing(pool, owner, sought, async () => {
    reached('move:asked');
    const moved = await asTenant(pool, owner.tenantId, (db) => moveOnce(db, input)).catch(
      (cause: unknown) => {
        throw refusedGrowth(cause) ?? cause;
      },
    );
    reached('move:committed');
    if (moved !== 'nowhere') return { moved };
    await checkChurn(pool, owner.tenantId, quarantineSeconds);
    return null;
  }).then(({ moved }) => moved);
}
