import type { TenantScope } from '../platform/access/tenant-scope.ts';

/** All data about a user, by table, with the database's names. */
export type UserExport = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;

/** A scope sees only users of its mode. */
export interface PrivacyStore {
  /** Null if there is no such user. */
  export(scope: TenantScope, userId: string): Promise<UserExport | null>;
  /** Ends the user's credentials at once; the job `eraseUsers` does the rest. False if there is no such user. */
  requestErasure(scope: TenantScope, userId: string): Promise<boolean>;
  exists(scope: TenantScope, userId: string): Promise<boolean>;
}
