import type { PeerPush } from '../devices/index.ts';
import type { Items } from '../platform/jobs/items.ts';
import type { Job } from '../platform/jobs/job.ts';
import type { PlanStore } from './ports.ts';

/** How late VPN servers may receive a changed plan. */
const EVERY_MS = 1_000;
/** Devices per transaction: few enough that nobody waits long for one of their rows. */
const BATCH = 1_000;
/** Batches in one run: a tenant of 100,000 devices is done in two. */
const ROUNDS = 50;

export interface SpreadPlansDeps {
  readonly plans: Pick<PlanStore, 'nextChange' | 'spread'>;
  readonly peers: Pick<PeerPush, 'wake'>;
}

/** Has VPN servers hear of plans that were changed. */
export const spreadPlans = ({ plans, peers }: SpreadPlansDeps) =>
  ({
    name: 'spread plans',
    everyMs: EVERY_MS,
    async run(items: Items) {
      let devices = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const change = await plans.nextChange(items.resting());
        if (change === null) break;
        const spread = await items.attempt(change.subject, () => plans.spread(change, BATCH));
        if (spread === null) continue;
        devices += spread.devices;
        peers.wake(spread.serverIds);
      }
      return { devices };
    },
  }) satisfies Job;
