/** All that is stored about one user, by table, in the words of the database. */
export type UserExport = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;

export interface PrivacyStore {
  /** Null where the tenant has no such user. */
  export(tenantId: string, userId: string): Promise<UserExport | null>;
  /** The user’s sign-ins end at once, the rest `eraseRequested` does. False where there is no such user. */
  requestErasure(tenantId: string, userId: string): Promise<boolean>;
  exists(tenantId: string, userId: string): Promise<boolean>;
}

export interface ErasureStore {
  /**
   * Goes on with every erasure that was asked for: what can go, goes; devices go from their VPN servers first. Answers the
   * VPN servers that have to hear of it.
   */
  eraseRequested(): Promise<readonly string[]>;
}
