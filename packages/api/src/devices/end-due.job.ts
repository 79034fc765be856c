import type { Items } from '../platform/jobs/items.ts';
import type { Job } from '../platform/jobs/job.ts';
import type { PeerPush } from './ports.ts';
import { type DeviceUpkeepStore, inBatches } from './upkeep.ts';

/** How late an expiry or the end of an old key may be. */
const EVERY_MS = 2_000;

export interface EndDueDeps {
  readonly upkeep: Pick<DeviceUpkeepStore, 'endOverlaps' | 'holdExpired'>;
  readonly peers: Pick<PeerPush, 'wake'>;
}

/** Ends old keys whose overlap is over, and holds devices that have expired. */
export const endDue = ({ upkeep, peers }: EndDueDeps) =>
  ({
    name: 'end what is due',
    everyMs: EVERY_MS,
    run: async (items: Items) => ({
      keysEnded: await inBatches(upkeep.endOverlaps, peers, items),
      devicesExpired: await inBatches(upkeep.holdExpired, peers, items),
    }),
  }) satisfies Job;
