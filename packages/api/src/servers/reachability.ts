import type { Items } from '../platform/jobs/items.ts';
import type { Database } from '../platform/db/database.ts';

/** As placement has it: a VPN server that was not heard for so long gets no new devices. */
const SILENCE = "interval '90 seconds'";
/** Times running that one process found it silent, so that a control plane which was away itself does not take that for silence. */
const LOOKS = 3;

const SILENT = `
SELECT id FROM servers
WHERE state IN ('active', 'draining') AND unreachable_since IS NULL AND last_contact_at < now() - ${SILENCE}`;

/** Of any number of replicas one writes, and the trigger on it tells the tenants. */
const UNREACHABLE = `
WITH silent AS (
  UPDATE servers SET unreachable_since = now()
  WHERE id = ANY($1::uuid[]) AND unreachable_since IS NULL AND last_contact_at < now() - ${SILENCE}
  RETURNING id
)
INSERT INTO server_events (server_id, type, code, detail)
SELECT id, 'server.unreachable', 'unreachable', 'Its agent has stopped answering.' FROM silent`;

const HEARD_AGAIN = `unreachable_since IS NOT NULL AND last_contact_at > now() - ${SILENCE}`;
const HEARD = `SELECT id FROM servers WHERE ${HEARD_AGAIN}`;
const RECOVERED = `
WITH heard AS (
  UPDATE servers SET unreachable_since = NULL WHERE id = ANY($1::uuid[]) AND ${HEARD_AGAIN}
  RETURNING id
)
INSERT INTO server_events (server_id, type, code, detail)
SELECT id, 'server.recovered', 'unreachable', 'Its agent answers again.' FROM heard`;

/** Keeps `servers.unreachable_since`, which is what tenants are told by. */
export function createReachability({ pool }: Database) {
  let silent = new Map<string, number>();
  return {
    /** Call it every 20 s. */
    async judge(items: Items): Promise<void> {
      const before = silent;
      // A look that fails is no look.
      silent = new Map();
      const { rows } = await pool.query<{ id: string }>(SILENT);
      silent = new Map(rows.map(({ id }) => [id, (before.get(id) ?? 0) + 1]));
      const sure = [...silent].filter(([, looks]) => looks >= LOOKS).map(([id]) => id);
      await items.together(sure, (ids) => pool.query(UNREACHABLE, [ids]));
      const heard = await pool.query<{ id: string }>(HEARD);
      await items.together(
        heard.rows.map(({ id }) => id),
        (ids) => pool.query(RECOVERED, [ids]),
      );
    },
  };
}
