/** What an operator limits of one user. Null: the tenant's limit. */
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

/** A user as the operator sees them: what was set for them, and what holds. */
export interface UserPlan {
  readonly id: string;
  readonly email: string;
  readonly createdAt: Date;
  /** Devices that count against the limit: live and suspended ones. */
  readonly deviceCount: number;
  readonly limits: UserLimits;
  /** Null: no limit. */
  readonly effective: UserLimits;
}
