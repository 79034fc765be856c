import type { UserLimits, UserPlan } from './plan.ts';

/** What is left of data limits. */
export interface DataBudget {
  /**
   * Bytes that each of these devices may still use in its period, by its user's limit and by its tenant's, whichever
   * leaves less; never negative, null where neither has one.
   */
  dataLeft(deviceIds: readonly string[]): Promise<ReadonlyMap<string, number | null>>;
}

/** What is given of a user's limits; the rest stays. */
export type SomeUserLimits = { readonly [K in keyof UserLimits]?: UserLimits[K] | undefined };

/** Plans, and the devices that a change of one concerns. */
export interface PlanStore {
  /** Oldest first, those after `afterId`; null where there is no such tenant. */
  users(
    tenantId: string,
    page: { readonly limit: number; readonly afterId?: string | undefined },
  ): Promise<UserPlan[] | null>;
  /** Null where the tenant has no such user. A limit below what the user has takes nothing away. */
  limitUser(tenantId: string, userId: string, limits: SomeUserLimits): Promise<UserPlan | null>;
  /**
   * Gives up to `limit` devices that the oldest change of a plan concerns a new generation, so that their VPN servers hear
   * of it. Answers how many; null where no change waits, or where others are at all of them.
   */
  spread(limit: number): Promise<{ readonly devices: number; readonly serverIds: readonly string[] } | null>;
}
