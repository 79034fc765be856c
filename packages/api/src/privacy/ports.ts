import type { TenantScope } from '../platform/access/tenant-scope.ts';
import type { Items } from '../platform/jobs/items.ts';

/** All that is stored about one user, by table, in the words of the database. */
export type UserExport = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;

/** Users of the other mode are not there. */
export interface PrivacyStore {
  /** Null where there is no such user. */
  export(scope: TenantScope, userId: string): Promise<UserExport | null>;
  /** The user’s credentials end at once, the rest `eraseRequested` does. False where there is no such user. */
  requestErasure(scope: TenantScope, userId: string): Promise<boolean>;
  exists(scope: TenantScope, userId: string): Promise<boolean>;
}

export interface ErasureStore {
  /**
   * Goes on with every erasure that was asked for: what can go, goes; devices go from their VPN servers first. Answers the
   * VPN servers that have to hear of it.
   */
  eraseRequested(items: Items): Promise<readonly string[]>;
}
