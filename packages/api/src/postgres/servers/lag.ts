import type { ServerLag, ServerLagStore } from '@cvault/core';
import type { Database } from '../database.ts';

/** By the database's clock, whose times these are. */
const LAGS = `
SELECT s.id, s.name, s.region, s.epoch, coalesce(waiting.changes, 0) AS "queuedChanges",
  coalesce(extract(epoch FROM now() - waiting.oldest), 0)::float8 AS "lagSeconds",
  extract(epoch FROM now() - s.last_contact_at)::float8 AS "lastContactSeconds",
  s.drift_found AS "driftFound", s.drift_found_at AS "driftFoundAt"
FROM servers s LEFT JOIN (
  SELECT server_id, count(*) AS changes, min(created_at) AS oldest FROM outbox
  WHERE $1::uuid IS NULL OR server_id = $1 GROUP BY server_id
) AS waiting ON waiting.server_id = s.id
WHERE s.state NOT IN ('provisioning', 'removed') AND ($1::uuid IS NULL OR s.id = $1)`;

export function createServerLagStore({ pool }: Database): ServerLagStore {
  return {
    async lags(id) {
      return (await pool.query<ServerLag>(LAGS, [id ?? null])).rows;
    },
  };
}
