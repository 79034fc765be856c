import type { SomeSettings } from '../settings/index.ts';
import type { Tenant, TenantState } from './tenant.ts';

/** Changes the present fields; the rest stays. */
export interface TenantChanges extends SomeSettings {
  readonly name?: string | undefined;
}

/** A tenant after a change of its state, and the VPN servers to notify. */
export interface ChangedTenant {
  readonly tenant: Tenant;
  readonly serverIds: readonly string[];
}

/** Tenants, and everything that must follow their state: devices, keys, sign-ins. */
export interface TenantStore {
  /** @throws CVaultError `name_taken` */
  create(id: string, tenant: TenantChanges & { readonly name: string }): Promise<Tenant>;
  /** Oldest first, starting after `afterId`. */
  list(page: { readonly limit: number; readonly afterId?: string | undefined }): Promise<Tenant[]>;
  /** Null if there is none. */
  find(id: string): Promise<Tenant | null>;
  /**
   * Null if there is none or it is being deleted.
   * @throws CVaultError `name_taken`; `state_conflict` if it has more devices than the new limit
   */
  update(id: string, changes: TenantChanges): Promise<Tenant | null>;
  /**
   * Sets the state and, in the same transaction, takes every device off its VPN server (`suspended`) or restores
   * those that a suspension removed (`active`). Setting the current state changes nothing.
   * @throws CVaultError `not_found` if there is none or it is being deleted
   */
  setState(id: string, state: Exclude<TenantState, 'deleting'>): Promise<ChangedTenant>;
  /**
   * Begins the deletion: revokes the keys, closes sign-ins and sessions, marks all devices deleted. Returns the VPN
   * servers to notify, none if it had begun already; null if there is no such tenant.
   */
  beginDeletion(id: string): Promise<readonly string[] | null>;
  /**
   * Deletes the rest for good once no VPN server owes an acknowledgement; its public keys stay refused. Returns
   * whether it is gone.
   */
  finishDeletion(id: string): Promise<boolean>;
  /** Ids of tenants that are being deleted. */
  deleting(): Promise<string[]>;
}
