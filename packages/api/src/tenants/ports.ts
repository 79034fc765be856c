import type { ApiKeyMode } from '../platform/access/api-key.ts';
import type { Scope } from '../platform/access/scopes.ts';
import type { SomeSettings } from '../settings/index.ts';
import type { ApiKey, Tenant, TenantState } from './tenant.ts';

/** Changes what is named; the rest stays. */
export interface TenantChanges extends SomeSettings {
  readonly name?: string | undefined;
}

export interface NewApiKeyRow {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly mode: ApiKeyMode;
  readonly prefix: string;
  readonly hash: Buffer;
  readonly scopes: readonly Scope[] | null;
  readonly allowedSources: readonly string[];
  readonly expiresAt: Date | null;
  readonly parentId: string | null;
  readonly replacesId: string | null;
}

/** What became of the keys that came of a revoked one. */
export interface RevokedFamily {
  /** Keys that it had made, and those that they had. */
  readonly revoked: readonly ApiKey[];
  /** The same where they were to be kept, and the key that had come in its place: these still open the API. */
  readonly kept: readonly ApiKey[];
}

/** A tenant after a change of its state, and the VPN servers that have to hear of it. */
export interface ChangedTenant {
  readonly tenant: Tenant;
  readonly serverIds: readonly string[];
}

/** Tenants, and what has to stay in step with their state: devices, keys, sign-ins. */
export interface TenantStore {
  /** @throws CVaultError `name_taken` */
  create(id: string, tenant: TenantChanges & { readonly name: string }): Promise<Tenant>;
  /** Oldest first, those after `afterId`. */
  list(page: { readonly limit: number; readonly afterId?: string | undefined }): Promise<Tenant[]>;
  /** Null where there is none. */
  find(id: string): Promise<Tenant | null>;
  /**
   * Null where there is none, or where it is being deleted.
   * @throws CVaultError `name_taken`; `state_conflict` where it has more devices than the new limit
   */
  update(id: string, changes: TenantChanges): Promise<Tenant | null>;
  /**
   * Sets the state, and takes every device off its VPN server (`suspended`) or puts back those that a suspension took
   * (`active`), all in one transaction. Setting the state that it has changes nothing.
   * @throws CVaultError `not_found` where there is none, or where it is being deleted
   */
  setState(id: string, state: Exclude<TenantState, 'deleting'>): Promise<ChangedTenant>;
  /**
   * Begins to delete: revokes the keys, closes sign-ins and sessions, marks all devices deleted. Answers the VPN servers
   * that have to hear of it, and nothing new where it had begun already; null where there is none.
   */
  beginDeletion(id: string): Promise<readonly string[] | null>;
  /**
   * Deletes what is left for good once no VPN server owes an acknowledgement; its public keys stay refused. Answers
   * whether it is gone.
   */
  finishDeletion(id: string): Promise<boolean>;
  /** Ids of tenants that are being deleted. */
  deleting(): Promise<string[]>;
}

export type ApiKeyPage = { readonly limit: number; readonly afterId?: string | undefined };

/** Which of a tenant's keys are meant: those of one mode, or null for all. */
export interface ApiKeyScope {
  readonly tenantId: string;
  readonly mode: ApiKeyMode | null;
}

/** A tenant's API keys. */
export interface ApiKeyStore {
  /**
   * Null where there is no such tenant.
   * @param actingKeyId the key that makes it, which has to be in force; null: the operator does
   * @throws CVaultError `key_limit_reached`, `invalid_api_key`
   */
  create(key: NewApiKeyRow, actingKeyId: string | null): Promise<ApiKey | null>;
  /** Oldest first, revoked ones too; absent page: all of them. Null where there is no such tenant. */
  list(scope: ApiKeyScope, page?: ApiKeyPage): Promise<ApiKey[] | null>;
  /** Whether any tenant has a test key that opens something. */
  anyForTest(): Promise<boolean>;
  /** Null where there is no such key. */
  find(scope: ApiKeyScope, id: string): Promise<ApiKey | null>;
  /**
   * Ends a key and the sign-ins that it minted; of the keys that came of it, those in force are told of. Null where there is
   * no such key; the same as before where it was revoked already.
   */
  revoke(scope: ApiKeyScope, id: string, children: 'revoke' | 'keep'): Promise<RevokedFamily | null>;
  /**
   * Writes `successor`, to which the old key's children belong from then on, and lets the old key end after
   * `overlapSeconds`, or when it would have ended anyway. Null where there is no such key, or where it opens nothing any more.
   * @throws CVaultError `key_limit_reached`, `invalid_api_key`
   */
  replace(
    id: string,
    overlapSeconds: number,
    successor: NewApiKeyRow,
    actingKeyId: string | null,
  ): Promise<ApiKey | null>;
}
