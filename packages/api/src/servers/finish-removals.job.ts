import type { Items } from '../platform/jobs/items.ts';
import type { Job } from '../platform/jobs/job.ts';
import type { FleetControl, ServerStore } from './ports.ts';

/** How often removals that waited for acknowledgements are completed. */
const EVERY_MS = 1_000;

export interface FinishRemovalsDeps {
  readonly servers: Pick<ServerStore, 'removing' | 'finishRemoval'>;
  readonly fleet: Pick<FleetControl, 'refresh'>;
}

/** Removes VPN servers that have acknowledged everything. */
export const finishRemovals = ({ servers, fleet }: FinishRemovalsDeps) =>
  ({
    name: 'finish removals',
    everyMs: EVERY_MS,
    async run(items: Items) {
      let removed = 0;
      for (const id of await servers.removing()) {
        const gone = await items.attempt(id, () => servers.finishRemoval(id, false));
        if (gone !== true) continue;
        removed++;
        await fleet.refresh();
      }
      return { servers: removed };
    },
  }) satisfies Job;
