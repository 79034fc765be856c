import type { Job } from '../platform/jobs/job.ts';
import type { WrittenKeyUses } from './key-uses.ts';

/** How late a key's last use is stored. */
const EVERY_MS = 10_000;

export const writeKeyUses = (keyUses: Pick<WrittenKeyUses, 'write'>) =>
  ({
    name: 'write key uses',
    everyMs: EVERY_MS,
    run: async () => ({ keys: await keyUses.write() }),
  }) satisfies Job;
