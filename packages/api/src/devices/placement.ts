import type { ApiKeyMode } from '../platform/access/api-key.ts';
import { CVaultError } from '../platform/errors.ts';
import { unknownRegion } from '../servers/index.ts';
import type { Owner, PlacementWish } from './ports.ts';
import type pg from 'pg';
import { modeOf } from '../platform/db/mode.ts';
import { isReachable } from '../platform/db/reachable.ts';
import { asTenant } from '../platform/db/tenancy.ts';

/** The placeholders for a placement wish; either value may be null. */
interface WishParameters {
  /** The placeholder's text, such as `$5`. */
  readonly region: string;
  readonly serverId: string;
}

/**
 * CTEs that choose a VPN server and one of its addresses, and lock it: `chosen (server_id, address, address6)`, empty
 * where there is none.
 *
 * VPN servers that are reachable and have no problem come first. Among them each has its turn by chance, weighed by weight × free share
 * (Efraimidis and Spirakis' key), so that replicas spread devices without asking each other. The share was counted some
 * seconds ago and only weighs. What is exact is `free`: it walks the VPN servers in their turn and takes the first
 * address that nobody else is taking (SKIP LOCKED), the longest unused first, so one that has run out costs one look
 * into its index. Measured in CPU time of a busy machine: 2.3 ms to choose among 1,000 VPN servers, 0.7 ms within a
 * region of 10; a whole registration 4.1 ms and 2.8 ms.
 *
 * `chosen` locks the VPN server's row as its foreign key would, but looks at its state under that lock: whoever takes it
 * out of service with FOR UPDATE knows that no device comes to it afterwards.
 * @param and more conditions on a VPN server `s`; constant text of the caller's
 */
export function choosePlacement({ region, serverId }: WishParameters, and = 'true'): string {
  return `
placement AS MATERIALIZED (
  SELECT s.id, ${isReachable('s')} AND s.degraded_since IS NULL AS healthy,
    -ln(1 - random()) * greatest(s.addresses, 1) / (s.weight * greatest(s.free_addresses, 1)::float8) AS turn
  FROM servers s
  WHERE s.state = 'active' AND s.weight > 0
    AND (${region}::text IS NULL OR s.region = ${region}) AND (${serverId}::uuid IS NULL OR s.id = ${serverId})
    AND ${and}
), free AS (
  SELECT next.server_id, next.address
  FROM (SELECT id FROM placement ORDER BY healthy DESC, turn) AS p
  CROSS JOIN LATERAL (
    SELECT server_id, address FROM ip_pool
    WHERE server_id = p.id AND state IN ('free', 'quarantine') AND free_after <= now()
    ORDER BY free_after, address LIMIT 1 FOR UPDATE SKIP LOCKED
  ) AS next
  LIMIT 1
), chosen AS (
  SELECT s.id AS server_id, free.address,
    set_masklen(s.tunnel_prefix6 + (free.address - inet '0.0.0.0'), 128) AS address6
  FROM free JOIN servers s ON s.id = free.server_id
  WHERE s.state = 'active' FOR KEY SHARE OF s
)`;
}

const CANDIDATES = `
SELECT s.region, s.state = 'active' AND s.weight > 0 AS open,
  EXISTS (
    SELECT FROM devices WHERE tenant_id = $4 AND id = $5 AND server_id = s.id AND state <> 'failed'
  ) AS left,
  EXISTS (
    SELECT FROM ip_pool WHERE server_id = s.id AND state IN ('free', 'quarantine') AND free_after <= now()
  ) AS free
FROM servers s
WHERE s.state IN ('active', 'draining', 'disabled') AND s.mode = $3::api_key_mode
  AND ($1::text IS NULL OR s.region = $1) AND ($2::uuid IS NULL OR s.id = $2)`;

const REGIONS = `
SELECT DISTINCT region FROM servers WHERE state = 'active' AND weight > 0 AND mode = $1 ORDER BY region`;

interface Candidate {
  readonly region: string;
  readonly open: boolean;
  readonly free: boolean;
  /** The device that moves is there. */
  readonly left: boolean;
}

interface SoughtPlace extends PlacementWish {
  /** A device that moves does not go where it is. */
  readonly moving?: { readonly tenantId: string; readonly deviceId: string };
}

/**
 * Why no VPN server was chosen. Null: a retry may succeed. The last addresses were locked by requests that released
 * them, or the chosen VPN server was taken out of service at that moment.
 */
export async function whyNotPlaced(
  db: Pick<pg.Pool | pg.PoolClient, 'query'>,
  { region, serverId, moving }: SoughtPlace,
  mode: ApiKeyMode = 'live',
): Promise<CVaultError | null> {
  const values = [region, serverId, mode, moving?.tenantId ?? null, moving?.deviceId ?? null];
  const { rows: all } = await db.query<Candidate>(CANDIDATES, values);
  const rows = all.filter((candidate) => !candidate.left);
  const open = rows.filter((candidate) => candidate.open);
  if (open.some((candidate) => candidate.free)) return null;
  if (open.length > 0)
    return new CVaultError('pool_exhausted', 'No tunnel address is left. Nothing was changed.');
  if (serverId !== null) {
    return rows.length > 0
      ? new CVaultError('server_not_open', 'The VPN server takes no devices. Nothing was changed.')
      : new CVaultError('unknown_server', 'There is no VPN server with this id that takes your devices.', {
          faults: [
            { pointer: '/serverId', message: 'names no VPN server that `GET /api/v1/locations` lists' },
          ],
        });
  }
  const stays = all.find((candidate) => candidate.left);
  if (region === null && stays !== undefined) {
    return new CVaultError(
      'pool_exhausted',
      `There is no other VPN server that takes devices, so the device stays on its own in ${stays.region}. ` +
        'The operator can add one. Nothing was changed.',
    );
  }
  if (region === null)
    return new CVaultError('pool_exhausted', 'No VPN server takes devices. Nothing was changed.');
  const known = await db.query<{ region: string }>(REGIONS, [mode]);
  return unknownRegion(
    region,
    known.rows.map((row) => row.region),
    stays === undefined ? 'any' : 'another',
  );
}

async function findMode(db: pg.PoolClient, { tenantId, userId }: Owner): Promise<ApiKeyMode> {
  const { rows } = await db.query<{ mode: ApiKeyMode }>(`SELECT ${modeOf('$1', '$2')} AS mode`, [
    tenantId,
    userId,
  ]);
  return rows[0]!.mode;
}

/** How often a placement is tried if `whyNotPlaced` finds no reason. */
const ATTEMPTS = 3;

/**
 * Places a device. Repeats `attempt` if a placement failed for a temporary reason.
 * @param attempt returns null if the VPN server or the address was not available
 * @throws CVaultError `unknown_region`, `unknown_server`, `server_not_open`, `pool_exhausted`
 */
export async function placing<T>(
  pool: pg.Pool,
  owner: Owner,
  wish: SoughtPlace,
  attempt: () => Promise<T | null>,
): Promise<T> {
  for (let tried = 1; ; tried++) {
    const placed = await attempt();
    if (placed !== null) return placed;
    const why = await asTenant(pool, owner.tenantId, async (db) =>
      whyNotPlaced(db, wish, await findMode(db, owner)),
    );
    if (why !== null) throw why;
    if (tried === ATTEMPTS)
      throw new CVaultError('pool_exhausted', 'No tunnel address is left. Nothing was changed.');
  }
}
