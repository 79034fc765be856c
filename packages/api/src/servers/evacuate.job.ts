import type { Items } from '../platform/jobs/items.ts';
import type { Job } from '../platform/jobs/job.ts';
import type { EvacuationStore } from './evacuation.ts';
import type { FleetControl } from './ports.ts';

/** How often evacuations continue. */
const EVERY_MS = 1_000;
/** Batches of one VPN server in one run, so that a shutdown does not wait long. */
const BATCHES_MAX = 20;

export interface EvacuateDeps {
  readonly evacuations: EvacuationStore;
  readonly fleet: Pick<FleetControl, 'wake'>;
}

/** Goes on with every evacuation that is not finished. */
export function evacuate({ evacuations, fleet }: EvacuateDeps) {
  async function goOn(serverId: string, region: string, items: Items): Promise<number> {
    for (let batch = 0; batch < BATCHES_MAX; batch++) {
      const next = await evacuations.next(serverId, items.resting());
      const reached = (await items.together(next, (ids) => evacuations.move(serverId, region, ids))).flat();
      if (reached.length === 0) {
        await evacuations.finish(serverId);
        return batch;
      }
      fleet.wake([serverId, ...reached]);
    }
    return BATCHES_MAX;
  }

  return {
    name: 'evacuate',
    everyMs: EVERY_MS,
    async run(items: Items) {
      let batches = 0;
      for (const { serverId, region } of await evacuations.unfinished()) {
        batches += (await items.attempt(serverId, () => goOn(serverId, region, items))) ?? 0;
      }
      return { batches };
    },
  } satisfies Job;
}
