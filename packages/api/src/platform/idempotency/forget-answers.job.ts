import type { Database } from '../db/database.ts';
import { type OldRows, rowsOf, workThrough } from '../db/old-rows.ts';
import type { Items } from '../jobs/items.ts';
import type { Job } from '../jobs/job.ts';

/** They are kept for a day; a minute more does not matter. */
const EVERY_MS = 60_000;
/** How long an answer is kept. */
const KEPT = "interval '24 hours'";

const FORGOTTEN: OldRows = {
  what: 'claims',
  ...rowsOf('idempotency_keys', "encode(claim_hash, 'hex')", `created_at < now() - ${KEPT}`, 'claim_hash'),
};

export const forgetAnswers = (database: Database) =>
  ({
    name: 'forget old answers',
    everyMs: EVERY_MS,
    run: async (items: Items) => ({ answers: await workThrough(database, FORGOTTEN, items) }),
  }) satisfies Job;
