import type { Items } from '../platform/jobs/items.ts';
import type { Job } from '../platform/jobs/job.ts';
import type { TenantStore } from './ports.ts';

/** How often deletions that waited for VPN servers are completed. */
const EVERY_MS = 1_000;

/** Completes deletions of tenants whose devices no VPN server carries any more. */
export const finishTenantDeletions = (tenants: Pick<TenantStore, 'deleting' | 'finishDeletion'>) =>
  ({
    name: 'finish deletions of tenants',
    everyMs: EVERY_MS,
    async run(items: Items) {
      let gone = 0;
      for (const id of await tenants.deleting()) {
        if ((await items.attempt(id, () => tenants.finishDeletion(id))) === true) gone++;
      }
      return { tenants: gone };
    },
  }) satisfies Job;
