import type { Database } from '../platform/db/database.ts';
import { type OldRows, rowsOf, workThroughAll } from '../platform/db/old-rows.ts';
import type { Items } from '../platform/jobs/items.ts';
import type { Job } from '../platform/jobs/job.ts';

/** None of these rows counts any more: this only keeps the tables small. */
const EVERY_MS = 60_000;

const hash = (column: string) => `encode(substring(${column}, 1, 8), 'hex')`;

const ENDED: readonly OldRows[] = [
  {
    what: 'sign-ins',
    ...rowsOf('sign_ins', 'id::text', "least(expires_at, revoked_at) < now() - interval '1 day'"),
  },
  { what: 'tries', ...rowsOf('sign_in_tries', "tenant_id || ' ' || ctid::text", 'spent_until < now()') },
  { what: 'links', ...rowsOf('user_links', hash('token_hash'), 'expires_at < now()') },
  { what: 'sign-ups', ...rowsOf('sign_ups', 'id::text', 'expires_at < now()') },
  { what: 'second factors', ...rowsOf('sign_in_challenges', hash('token_hash'), 'expires_at < now()') },
  { what: 'used tokens', ...rowsOf('used_id_tokens', hash('fingerprint'), 'expires_at < now()') },
];

/** Deletes ended and expired rows. */
export const forgetEnded = (database: Database) =>
  ({
    name: 'forget sign-ins',
    everyMs: EVERY_MS,
    run: async (items: Items) => ({ rows: await workThroughAll(database, ENDED, items) }),
  }) satisfies Job;
