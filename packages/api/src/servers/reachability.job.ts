import type { Items } from '../platform/jobs/items.ts';
import type { Job } from '../platform/jobs/job.ts';
import type { Database } from '../platform/db/database.ts';
import { isReachable } from '../platform/db/reachable.ts';

/** Three checks this far apart, and a VPN server counts as unreachable. */
const EVERY_MS = 20_000;
/**
 * One process must find a VPN server silent this many times in a row. A control plane that was cut off itself
 * reaches no agent at first and must not report that.
 */
const CHECKS = 3;

/** A VPN server that has never answered is not in service yet. */
const IS_SILENT = `unreachable_since IS NULL AND last_contact_at IS NOT NULL AND NOT ${isReachable('servers')}`;
const SILENT = `SELECT id FROM servers WHERE state IN ('active', 'draining') AND ${IS_SILENT}`;

/** One of several replicas writes, and its trigger notifies the tenants. */
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
export function keepReachability({ pool }: Database) {
  let silent = new Map<string, number>();

  /** Returns those that this process found silent several times in a row. */
  async function check(): Promise<string[]> {
    const before = silent;
    // A failed check does not count.
    silent = new Map();
    const { rows } = await pool.query<{ id: string }>(SILENT);
    silent = new Map(rows.map(({ id }) => [id, (before.get(id) ?? 0) + 1]));
    return [...silent].filter(([, checks]) => checks >= CHECKS).map(([id]) => id);
  }

  return {
    name: 'judge VPN servers',
    everyMs: EVERY_MS,
    async run(items: Items) {
      const unreachable = await check();
      await items.together(unreachable, (ids) => pool.query(UNREACHABLE, [ids]));
      const answering = (await pool.query<{ id: string }>(ANSWERING)).rows.map(({ id }) => id);
      await items.together(answering, (ids) => pool.query(RECOVERED, [ids]));
      return { unreachable: unreachable.length, recovered: answering.length };
    },
  } satisfies Job;
}
