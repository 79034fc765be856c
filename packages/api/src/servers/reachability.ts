import type { Items } from '../platform/jobs/items.ts';
import type { Database } from '../platform/db/database.ts';
import { isReachable } from '../platform/db/reachable.ts';

/**
 * One process must find a VPN server silent so many times in a row. A control plane that was away itself hears nobody at
 * first, and must not report that.
 */
const CHECKS = 3;

/** One that has never answered is not in service yet, and has nothing to lose. */
const IS_SILENT = `unreachable_since IS NULL AND last_contact_at IS NOT NULL AND NOT ${isReachable('servers')}`;
const SILENT = `SELECT id FROM servers WHERE state IN ('active', 'draining') AND ${IS_SILENT}`;

/** Of any number of replicas one writes, and the trigger on it tells the tenants. */
const UNREACHABLE = `
WITH silent AS (
  UPDATE servers SET unreachable_since = now() WHERE id = ANY($1::uuid[]) AND ${IS_SILENT} RETURNING id
)
INSERT INTO server_events (server_id, type, code, detail)
SELECT id, 'server.unreachable', 'unreachable', 'Its agent has stopped answering.' FROM silent`;

const ANSWERS_AGAIN = `unreachable_since IS NOT NULL AND ${isReachable('servers')}`;
const ANSWERING = `SELECT id FROM servers WHERE ${ANSWERS_AGAIN}`;
const RECOVERED = `
WITH answering AS (
  UPDATE servers SET unreachable_since = NULL WHERE id = ANY($1::uuid[]) AND ${ANSWERS_AGAIN} RETURNING id
)
INSERT INTO server_events (server_id, type, code, detail)
SELECT id, 'server.recovered', 'unreachable', 'Its agent answers again.' FROM answering`;

/** Keeps `servers.unreachable_since`, which tenants are told by. */
export function createReachability({ pool }: Database) {
  let silent = new Map<string, number>();
  return {
    /** Call it every 20 s. */
    async update(items: Items): Promise<void> {
      const before = silent;
      // A check that fails counts for none.
      silent = new Map();
      const { rows } = await pool.query<{ id: string }>(SILENT);
      silent = new Map(rows.map(({ id }) => [id, (before.get(id) ?? 0) + 1]));
      const unreachable = [...silent].filter(([, checks]) => checks >= CHECKS).map(([id]) => id);
      await items.together(unreachable, (ids) => pool.query(UNREACHABLE, [ids]));
      const answering = await pool.query<{ id: string }>(ANSWERING);
      await items.together(
        answering.rows.map(({ id }) => id),
        (ids) => pool.query(RECOVERED, [ids]),
      );
    },
  };
}
