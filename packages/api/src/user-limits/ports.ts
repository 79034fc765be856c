import type { UserLimits, UserPlan } from './user-limits.ts';

/** Bytes that the devices of a budget may still use together in a period. */
export interface Budget {
  /** 32 hexadecimal digits. Changes with each period, limit, and new grant of the remainder. */
  readonly id: string;
  /** Never negative. */
  readonly bytes: number;
}

/** The remainder of data limits. */
export interface DataBudget {
  /**
   * The budgets of each device for its period: its user's, then its tenant's; empty without limits. Unknown devices
   * are left out.
   */
  dataLeft(deviceIds: readonly string[]): Promise<ReadonlyMap<string, readonly Budget[]>>;
}

/** Some of a user's limits; the others stay. */
export type SomeUserLimits = { readonly [K in keyof UserLimits]?: UserLimits[K] | undefined };

/** A changed plan that VPN servers must learn. */
export interface PlanChange {
  readonly id: number;
  /** The user's id, or the tenant's if all users are affected. */
  readonly subject: string;
}

/** Plans, and the devices affected by a change. */
export interface PlanStore {
  /** Oldest first, after `afterId`; null for an unknown tenant. */
  users(
    tenantId: string,
    page: { readonly limit: number; readonly afterId?: string | undefined },
  ): Promise<UserPlan[] | null>;
  /**
   * Sets the operator's limits for a user, which replace the tenant's plan and the tenant's limits. Null if the
   * tenant has no such user. A limit below the present use removes nothing.
   */
  limitUser(tenantId: string, userId: string, limits: SomeUserLimits): Promise<UserPlan | null>;
  /**
   * The oldest change that no other replica is processing; null for none.
   * @param without subjects whose changes must wait
   */
  nextChange(without: readonly string[]): Promise<PlanChange | null>;
  /**
   * Gives up to `limit` affected devices a new generation, so that their VPN servers learn the change. Does nothing
   * if another replica was faster. If a tenant's batch fails, it is split into changes of single users.
   */
  spread(
    change: PlanChange,
    limit: number,
  ): Promise<{ readonly devices: number; readonly serverIds: readonly string[] }>;
}
