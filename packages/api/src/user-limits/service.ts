import { notFound } from '../platform/errors.ts';
import type { UserPlan } from './user-limits.ts';
import type { PlanStore, SomeUserLimits } from './ports.ts';

export interface UserPlanPage {
  readonly users: readonly UserPlan[];
  /** The last user of the page; null on the last page. */
  readonly lastId: string | null;
}

export interface UserLimitsDeps {
  readonly plans: PlanStore;
}

/** Users' limits, as the operator sets them. */
export function createUserLimits({ plans }: UserLimitsDeps) {
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
  };
}

export type UserLimits = ReturnType<typeof createUserLimits>;
