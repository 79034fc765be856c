import type { Items } from '../platform/jobs/items.ts';
import type { Job } from '../platform/jobs/job.ts';
import type { SigningKeys } from './signing-keys.ts';

/** Their age is counted in days. */
const EVERY_MS = 60_000;

export const renewSigningKeys = (signingKeys: Pick<SigningKeys, 'renew'>) =>
  ({
    name: 'renew signing keys',
    everyMs: EVERY_MS,
    run: (items: Items) => signingKeys.renew(items),
  }) satisfies Job;
