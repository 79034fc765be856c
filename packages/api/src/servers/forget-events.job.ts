import type { Database } from '../platform/db/database.ts';
import { type OldRows, rowsOf, workThrough } from '../platform/db/old-rows.ts';
import type { Items } from '../platform/jobs/items.ts';
import type { Job } from '../platform/jobs/job.ts';

/** Their age is counted in days. */
const EVERY_MS = 60_000;
/** How long events are kept. */
const KEPT = "interval '90 days'";

const FORGOTTEN: OldRows = {
  what: 'events',
  ...rowsOf('server_events', 'id::text', `at < now() - ${KEPT}`),
};

export const forgetServerEvents = (database: Database) =>
  ({
    name: 'forget old events of VPN servers',
    everyMs: EVERY_MS,
    run: async (items: Items) => ({ events: await workThrough(database, FORGOTTEN, items) }),
  }) satisfies Job;
