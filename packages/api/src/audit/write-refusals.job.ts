import type { Job } from '../platform/jobs/job.ts';
import type { Refusals } from './refusals.ts';

/** How late refusals are written down. */
const EVERY_MS = 5_000;

export const writeRefusals = (refusals: Pick<Refusals, 'write'>) =>
  ({
    name: 'write refusals',
    everyMs: EVERY_MS,
    run: async () => ({ rows: await refusals.write() }),
  }) satisfies Job;
