/** The limits of one user. Null: not set, or no limit. */
export interface UserLimits {
  readonly deviceLimit: number | null;
  /** Concurrent sessions. */
  readonly sessionLimit: number | null;
  /** Bytes per period, up and down together. */
  readonly dataLimitBytes: number | null;
  /** Per device. */
  readonly uploadBitsPerSecond: number | null;
  readonly downloadBitsPerSecond: number | null;
}

/**
 * A user's limits. A tenant divides its plan, so a limit that it sets applies within the plan; a limit that the
 * operator sets for the user replaces the plan.
 */
export interface UserPlan {
  readonly id: string;
  readonly email: string;
  readonly createdAt: Date;
  /** Devices that count towards the limit: live and suspended ones. */
  readonly deviceCount: number;
  /** Limits set by the tenant or the operator. */
  readonly limits: UserLimits;
  /** The most that the tenant can give: the operator's limit, or else the plan. */
  readonly most: UserLimits;
  /** The limits in force. Null: no limit. */
  readonly effective: UserLimits;
}
