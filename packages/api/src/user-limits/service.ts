import type { PeerPush } from '../devices/index.ts';
import { notFound } from '../platform/errors.ts';
import type { Items } from '../platform/jobs/items.ts';
import type { UserPlan } from './user-limits.ts';
import type { PlanStore, SomeUserLimits } from './ports.ts';

/** Devices per transaction: few enough that nobody waits long for one of their rows. */
const BATCH = 1_000;
/** Batches per call: two calls suffice for a tenant of 100,000 devices. */
const ROUNDS = 50;

export interface UserPlanPage {
  readonly users: readonly UserPlan[];
  /** The last user of the page; null on the last page. */
  readonly lastId: string | null;
}

export interface PlanServiceDeps {
  readonly plans: PlanStore;
  readonly peers: Pick<PeerPush, 'wake'>;
}

/** Users' limits, as the operator sets them, and their way to the VPN servers. */
export function createPlanService({ plans, peers }: PlanServiceDeps) {
  return {
    /** @throws CVaultError `not_found` */
    async users(tenantId: string, limit: number, afterId?: string): Promise<UserPlanPage> {
      const found = await plans.users(tenantId, { limit: limit + 1, afterId });
      if (found === null) throw notFound('tenant');
      const users = found.slice(0, limit);
      return { users, lastId: found.length > limit ? (users.at(-1)?.id ?? null) : null };
    },

    /** @throws CVaultError `not_found` */
    async limitUser(tenantId: string, userId: string, limits: SomeUserLimits): Promise<UserPlan> {
      const user = await plans.limitUser(tenantId, userId, limits);
      if (user === null) throw notFound('user');
      return user;
    },

    /** Informs VPN servers of changed plans. */
    async spread(items: Items): Promise<void> {
      for (let round = 0; round < ROUNDS; round++) {
        const change = await plans.nextChange(items.resting());
        if (change === null) return;
        const done = await items.attempt(change.subject, () => plans.spread(change, BATCH));
        if (done !== null) peers.wake(done.serverIds);
      }
    },
  };
}

export type PlanService = ReturnType<typeof createPlanService>;
