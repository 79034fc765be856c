import type { ServerStatusStore } from './status.ts';
import type { Database } from '../platform/db/database.ts';
import { modeOf } from '../platform/db/mode.ts';
import { isReachable } from '../platform/db/reachable.ts';
import { asTenant } from '../platform/db/tenancy.ts';

const SERVER_FOR = `
SELECT s.id, s.name, s.region, s.state, s.degraded_since IS NOT NULL AS degraded
FROM servers s
LEFT JOIN LATERAL (
  SELECT created_at FROM devices
  WHERE tenant_id = $1 AND user_id = $2 AND server_id = s.id AND state <> 'deleted'
  ORDER BY created_at DESC LIMIT 1
) AS mine ON true
WHERE s.state IN ('active', 'draining', 'disabled') AND s.mode = ${modeOf('$1', '$2')}
  AND (s.state = 'active' AND s.weight > 0 OR mine.created_at IS NOT NULL)
ORDER BY mine.created_at DESC NULLS LAST, ${isReachable('s')} AND s.degraded_since IS NULL DESC,
  s.weight * s.free_addresses / greatest(s.addresses, 1) DESC, s.created_at, s.id
LIMIT 1`;

/** @param fleet its role sees the devices of every tenant; only their number is returned */
export function createServerStatusStore({ pool }: Database, fleet: Database): ServerStatusStore {
  return {
    async serverFor({ tenantId, userId }) {
      const { rows } = await asTenant(pool, tenantId, (db) =>
        db.query<NonNullable<Awaited<ReturnType<ServerStatusStore['serverFor']>>>>(SERVER_FOR, [
          tenantId,
          userId,
        ]),
      );
      return rows[0] ?? null;
    },

    async deviceCount(serverId) {
      const { rows } = await fleet.pool.query<{ devices: number }>(
        "SELECT count(*) AS devices FROM devices WHERE server_id = $1 AND state = 'live'",
        [serverId],
      );
      return rows[0]?.devices ?? 0;
    },
  };
}
