import type { Items } from '../platform/jobs/items.ts';
import type { Job } from '../platform/jobs/job.ts';
import type { AuditSealer } from './sealer.ts';

/** How late the audit log is chained. */
const EVERY_MS = 1_000;

export const sealAuditLog = (sealer: Pick<AuditSealer, 'seal'>) =>
  ({
    name: 'seal the audit log',
    everyMs: EVERY_MS,
    run: async (items: Items) => ({ rows: await sealer.seal(items) }),
  }) satisfies Job;
