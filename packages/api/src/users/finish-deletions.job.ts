import type { Database } from '../platform/db/database.ts';
import { asTenant } from '../platform/db/tenancy.ts';
import type { Items } from '../platform/jobs/items.ts';
import type { Job } from '../platform/jobs/job.ts';

/** How often deletions that waited for VPN servers are completed. */
const EVERY_MS = 1_000;
const FINISH_BATCH = 100;

const DELETING = `
SELECT u.tenant_id, u.id FROM tenant_users u
WHERE u.state = 'deleting' AND u.id <> ALL ($2::uuid[])
  AND NOT EXISTS (SELECT FROM devices d WHERE d.tenant_id = u.tenant_id AND d.user_id = u.id AND d.removed_at IS NULL)
  AND NOT EXISTS (
    SELECT FROM departures x JOIN devices d ON d.tenant_id = x.tenant_id AND d.id = x.device_id
    WHERE d.tenant_id = u.tenant_id AND d.user_id = u.id)
ORDER BY u.id LIMIT $1`;

/** Deletes those for good whose devices no VPN server owes an acknowledgement for. */
export function finishUserDeletions({ pool }: Database) {
  const finish = (tenantId: string, id: string) =>
    asTenant(pool, tenantId, async (db) => {
      await db.query('DELETE FROM devices WHERE tenant_id = $1 AND user_id = $2', [tenantId, id]);
      await db.query('DELETE FROM tenant_users WHERE tenant_id = $1 AND id = $2', [tenantId, id]);
      return true;
    });

  return {
    name: 'finish deletions of users',
    everyMs: EVERY_MS,
    async run(items: Items) {
      const { rows } = await pool.query<{ tenant_id: string; id: string }>(DELETING, [
        FINISH_BATCH,
        items.resting(),
      ]);
      let users = 0;
      for (const { tenant_id: tenantId, id } of rows) {
        if ((await items.attempt(id, () => finish(tenantId, id))) === true) users++;
      }
      return { users };
    },
  } satisfies Job;
}
