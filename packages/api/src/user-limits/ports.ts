import type { UserLimits, UserPlan } from './user-limits.ts';

/** Bytes that devices may still use in a period, all of those together that have the same budget. */
export interface Budget {
  /** 32 hexadecimal digits: another one with each period, limit, and time that what is left is given out anew. */
  readonly id: string;
  /** Never negative. */
  readonly bytes: number;
}

/** The rest of data limits. */
export interface DataBudget {
  /**
   * What each of these devices may still use in its period: by its user's limit, then by its tenant's; none where neither
   * has one. A device that does not exist is left out.
   */
  dataLeft(deviceIds: readonly string[]): Promise<ReadonlyMap<string, readonly Budget[]>>;
}

/** Some of a user's limits; the rest stays. */
export type SomeUserLimits = { readonly [K in keyof UserLimits]?: UserLimits[K] | undefined };

/** A change of a plan that VPN servers have to hear of. */
export interface PlanChange {
  readonly id: number;
  /** The user or, where it concerns all of them, the tenant. */
  readonly subject: string;
}

/** Plans, and the devices that a change of one concerns. */
export interface PlanStore {
  /** Oldest first, those after `afterId`; null where there is no such tenant. */
  users(
    tenantId: string,
    page: { readonly limit: number; readonly afterId?: string | undefined },
  ): Promise<UserPlan[] | null>;
  /**
   * What the operator sets for a user, in the place of the tenant's plan and of what the tenant gave. Null where the tenant
   * has no such user. A limit below what the user has takes nothing away.
   */
  limitUser(tenantId: string, userId: string, limits: SomeUserLimits): Promise<UserPlan | null>;
  /**
   * The oldest change of a plan that nobody else is at; null for none.
   * @param without users, and tenants where the change is of all their users, whose changes have to wait
   */
  nextChange(without: readonly string[]): Promise<PlanChange | null>;
  /**
   * Gives up to `limit` devices that the change concerns a new generation, so that their VPN servers hear of it. Answers none
   * where somebody else was faster. A tenant's batch that fails is left to changes of its single users.
   */
  spread(
    change: PlanChange,
    limit: number,
  ): Promise<{ readonly devices: number; readonly serverIds: readonly string[] }>;
}
