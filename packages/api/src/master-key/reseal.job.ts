import type { Items } from '../platform/jobs/items.ts';
import type { Job } from '../platform/jobs/job.ts';
import type { MasterKeyRotation } from './rotation.ts';

/** The pause between searches for values that a retired master key sealed. */
const EVERY_MS = 60_000;
/** The approximate limit of one run. */
const RUN_MS = 20_000;

export const RESEAL = 'seal with the current master key';

export interface ResealDeps {
  readonly masterKey: Pick<MasterKeyRotation, 'reseal'>;
  /** Those of the operator's request, too. */
  readonly items: Items;
}

export const reseal = ({ masterKey, items }: ResealDeps) =>
  ({
    name: RESEAL,
    everyMs: EVERY_MS,
    items,
    run: async (_items: Items, stop: AbortSignal) => ({ values: await masterKey.reseal(RUN_MS, stop) }),
  }) satisfies Job;
