import type { ApiKeyMode } from '../platform/access/api-key.ts';
import type { Scope } from '../platform/access/scopes.ts';
import type { ApiKey } from './api-key.ts';

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

/** The keys derived from a revoked key. */
export interface RevokedFamily {
  /** The keys that it had made, and those made by them. */
  readonly revoked: readonly ApiKey[];
  /** The same keys if they were to be kept, and the key that replaced it: these still work. */
  readonly kept: readonly ApiKey[];
}

export type ApiKeyPage = { readonly limit: number; readonly afterId?: string | undefined };

/** Selects a tenant's keys: those of one mode, or null for all. */
export interface ApiKeyScope {
  readonly tenantId: string;
  readonly mode: ApiKeyMode | null;
}

/** A tenant's API keys. */
export interface ApiKeyStore {
  /**
   * Null if there is no such tenant.
   * @param actingKeyId the key that makes it, which must be in force; null: the operator
   * @throws CVaultError `key_limit_reached`, `invalid_api_key`
   */
  create(key: NewApiKeyRow, actingKeyId: string | null): Promise<ApiKey | null>;
  /** Oldest first, including revoked ones; absent page: all of them. Null if there is no such tenant. */
  list(scope: ApiKeyScope, page?: ApiKeyPage): Promise<ApiKey[] | null>;
  /** Whether any tenant has a working test key. */
  anyForTest(): Promise<boolean>;
  /** Null if there is no such key. */
  find(scope: ApiKeyScope, id: string): Promise<ApiKey | null>;
  /**
   * Ends a key and the sign-ins that it minted. Returns its derived keys that are in force. Null if there is no
   * such key; a repeated call returns the same.
   */
  revoke(scope: ApiKeyScope, id: string, children: 'revoke' | 'keep'): Promise<RevokedFamily | null>;
  /**
   * Stores `successor`, which becomes the parent of the old key's children, and ends the old key after
   * `overlapSeconds` or at its own expiry. Null if there is no such key, or if it no longer works.
   * @throws CVaultError `key_limit_reached`, `invalid_api_key`
   */
  replace(
    id: string,
    overlapSeconds: number,
    successor: NewApiKeyRow,
    actingKeyId: string | null,
  ): Promise<ApiKey | null>;
}
