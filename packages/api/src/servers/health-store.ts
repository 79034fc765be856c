import type { StoredHealth, ServerHealthStore } from './health.ts';
import type { Database } from '../platform/db/database.ts';
import { isReachable } from '../platform/db/reachable.ts';
import { reasonFromRow, type StoredReason } from './rows.ts';

type HealthRow = Omit<StoredHealth, 'problems'> & { reasons: StoredReason[] };

/** By the database's clock, which also set these times. */
const FIND = `
SELECT s.id, s.name, s.region, s.state, s.epoch, coalesce(waiting.changes, 0) AS "queuedChanges",
  coalesce(extract(epoch FROM now() - waiting.oldest), 0)::float8 AS "lagSeconds",
  extract(epoch FROM now() - s.last_contact_at)::float8 AS "lastContactSeconds",
  s.drift_found AS "driftFound", s.drift_found_at AS "driftFoundAt", s.last_contact_at AS "lastContactAt",
  ${isReachable('s')} AS reachable, s.unreachable_since AS "unreachableSince",
  s.degraded_reasons AS reasons
FROM servers s LEFT JOIN (
  SELECT server_id, count(*) AS changes, min(created_at) AS oldest FROM outbox
  WHERE $1::uuid IS NULL OR server_id = $1 GROUP BY server_id
) AS waiting ON waiting.server_id = s.id
WHERE s.state NOT IN ('provisioning', 'removed') AND ($1::uuid IS NULL OR s.id = $1)`;

export function createServerHealthStore({ pool }: Database): ServerHealthStore {
  return {
    async find(id) {
      const { rows } = await pool.query<HealthRow>(FIND, [id ?? null]);
      return rows.map(({ reasons, ...health }) => ({ ...health, problems: reasons.map(reasonFromRow) }));
    },
  };
}
