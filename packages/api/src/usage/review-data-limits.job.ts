import type { PeerPush } from '../devices/index.ts';
import type { Items } from '../platform/jobs/items.ts';
import type { Job } from '../platform/jobs/job.ts';
import type { DataLimitStore } from './ports.ts';

/** How late devices may come back whose users have data again. */
const EVERY_MS = 5_000;
/** Bounded parts that are done in one run; what is left is done in the next. */
const PARTS_MAX = 200;

export interface ReviewDataLimitsDeps {
  readonly limits: Pick<DataLimitStore, 'release' | 'renew'>;
  readonly peers: Pick<PeerPush, 'wake'>;
}

/** Brings back devices whose users have data again, and gives out anew what is left after the turn of a period. */
export const reviewDataLimits = ({ limits, peers }: ReviewDataLimitsDeps) =>
  ({
    name: 'review data limits',
    everyMs: EVERY_MS,
    async run(items: Items) {
      peers.wake(await limits.release(items));
      for (let parts = 1; parts <= PARTS_MAX; parts++) {
        const { done, serverIds } = await limits.renew(items);
        peers.wake(serverIds);
        if (done) return { parts };
      }
      return { parts: PARTS_MAX };
    },
  }) satisfies Job;
