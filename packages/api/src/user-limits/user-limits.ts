/** What is limited of one user. Null: nothing is set, or no limit. */
export interface UserLimits {
  readonly deviceLimit: number | null;
  /** Sessions that may be open at once. */
  readonly sessionLimit: number | null;
  /** Bytes in one period, up and down together. */
  readonly dataLimitBytes: number | null;
  /** Of each of the user's devices. */
  readonly uploadBitsPerSecond: number | null;
  readonly downloadBitsPerSecond: number | null;
}

/**
 * A user's limits. A tenant divides what it has, so what it gave a user holds within its plan; what the operator set for the
 * user takes the plan's place.
 */
export interface UserPlan {
  readonly id: string;
  readonly email: string;
  readonly createdAt: Date;
  /** Devices that count against the limit: live and suspended ones. */
  readonly deviceCount: number;
  /** What was set for them, by the tenant or the operator. */
  readonly limits: UserLimits;
  /** The most that the tenant can give them: what the operator set for them, else the plan. */
  readonly most: UserLimits;
  /** What holds. Null: no limit. */
  readonly effective: UserLimits;
}
