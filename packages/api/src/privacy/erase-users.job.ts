import type pg from 'pg';
import type { Items } from '../platform/jobs/items.ts';
import type { Job } from '../platform/jobs/job.ts';
import type { Database } from '../platform/db/database.ts';
import { type PeerPush, endDevices } from '../devices/index.ts';
import { inTransaction } from '../platform/db/transaction.ts';

/** How late an erasure begins, and how late it ends after the last acknowledgement. */
const EVERY_MS = 1_000;

/**
 * Users whose erasure can proceed: something is left to delete, or no VPN server owes an acknowledgement any more.
 * Excludes users who only wait for an unreachable VPN server, since a hundred of them would fill the selection.
 */
const REQUESTED = `
SELECT tenant_id, id FROM tenant_users u
WHERE erase_requested_at IS NOT NULL AND id <> ALL ($1::uuid[]) AND (
  email <> id || '@erased.invalid'
  OR EXISTS (SELECT FROM devices d WHERE d.tenant_id = u.tenant_id AND d.user_id = u.id AND d.state <> 'deleted')
  OR NOT EXISTS (SELECT FROM devices d WHERE d.tenant_id = u.tenant_id AND d.user_id = u.id AND d.removed_at IS NULL)
)
ORDER BY id LIMIT 100`;

/** Clears the devices' names with their end, so that no event about it contains them. */
const DELETE_DEVICES = `
WITH ${endDevices({
  which: 'tenant_id = $1 AND user_id = $2',
  churn: true,
  also: ", name = 'erased', external_id = NULL, metadata = '{}', last_connected_at = NULL",
})}
SELECT DISTINCT server_id FROM d`;

/** All other data. The user's row stays, without contents, until the VPN servers have removed the devices. */
const FORGET = [
  `UPDATE devices SET name = 'erased', external_id = NULL, metadata = '{}', last_connected_at = NULL
   WHERE tenant_id = $1 AND user_id = $2 AND name <> 'erased'`,
  'DELETE FROM sessions WHERE tenant_id = $1 AND user_id = $2',
  'DELETE FROM usage_metrics WHERE tenant_id = $1 AND user_id = $2',
  'DELETE FROM usage_periods WHERE tenant_id = $1 AND subject_id = $2',
  'DELETE FROM usage_warnings WHERE tenant_id = $1 AND subject_id = $2',
  'DELETE FROM sign_ins WHERE tenant_id = $1 AND user_id = $2',
  'DELETE FROM sign_in_challenges WHERE tenant_id = $1 AND user_id = $2',
  'DELETE FROM second_factors WHERE tenant_id = $1 AND user_id = $2',
  'DELETE FROM idempotency_keys WHERE tenant_id = $1 AND user_id = $2',
  'DELETE FROM user_identities WHERE tenant_id = $1 AND user_id = $2',
  'DELETE FROM user_links WHERE tenant_id = $1 AND user_id = $2',
  `UPDATE tenant_users SET state = CASE state WHEN 'active' THEN 'suspended' ELSE state END, external_id = NULL,
     metadata = '{}', email = id || '@erased.invalid', password_hash = NULL
   WHERE tenant_id = $1 AND id = $2 AND email <> id || '@erased.invalid'`,
] as const;

/** Only after all VPN servers have removed the devices. Events go last, so that no new ones follow. */
const END = [
  'DELETE FROM devices WHERE tenant_id = $1 AND user_id = $2',
  'DELETE FROM webhook_events WHERE tenant_id = $1 AND user_id = $2',
  'DELETE FROM tenant_users WHERE tenant_id = $1 AND id = $2',
] as const;

const OWED = 'SELECT FROM devices WHERE tenant_id = $1 AND user_id = $2 AND removed_at IS NULL LIMIT 1';

async function eraseOne(db: pg.PoolClient, tenantId: string, userId: string): Promise<string[]> {
  const values = [tenantId, userId];
  const { rows } = await db.query<{ server_id: string }>(DELETE_DEVICES, values);
  for (const statement of FORGET) await db.query(statement, values);
  if ((await db.query(OWED, values)).rowCount === 0) {
    for (const statement of END) await db.query(statement, values);
  }
  return rows.map((row) => row.server_id);
}

export interface EraseUsersDeps {
  readonly database: Database;
  readonly peers: Pick<PeerPush, 'wake'>;
}

/** Goes on with every erasure that was asked for: what can go, goes; devices go from their VPN servers first. */
export const eraseUsers = ({ database: { pool }, peers }: EraseUsersDeps) =>
  ({
    name: 'erase users',
    everyMs: EVERY_MS,
    async run(items: Items) {
      const requested = await pool.query<{ tenant_id: string; id: string }>(REQUESTED, [items.resting()]);
      const woken = new Set<string>();
      let users = 0;
      for (const { tenant_id: tenantId, id } of requested.rows) {
        const serverIds = await items.attempt(id, () =>
          inTransaction(pool, (db) => eraseOne(db, tenantId, id)),
        );
        if (serverIds === null) continue;
        users++;
        for (const serverId of serverIds) woken.add(serverId);
      }
      peers.wake([...woken]);
      return { users };
    },
  }) satisfies Job;
