import type { Items } from '../platform/jobs/items.ts';
import type { Job } from '../platform/jobs/job.ts';
import type { AuditSealer } from './sealer.ts';

/** How late old rows go, whose age is counted in days. */
const EVERY_MS = 3_600_000;

export interface ForgetOldAuditDeps {
  readonly sealer: Pick<AuditSealer, 'forget'>;
  readonly days: number;
}

export const forgetOldAudit = ({ sealer, days }: ForgetOldAuditDeps) =>
  ({
    name: 'forget old audit',
    everyMs: EVERY_MS,
    run: async (items: Items) => ({ rows: await sealer.forget(days, items) }),
  }) satisfies Job;
