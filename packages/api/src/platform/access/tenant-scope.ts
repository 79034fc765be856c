import type { ApiKeyMode } from './api-key.ts';

/** What a tenant's backend sees by one of its keys: users and devices of the key's mode. */
export interface TenantScope {
  readonly tenantId: string;
  readonly mode: ApiKeyMode;
}

/** What the API key that came with a request sees. */
export const scopeOfKey = (principal: {
  readonly tenantId: string;
  readonly key: { readonly mode: ApiKeyMode };
}): TenantScope => ({ tenantId: principal.tenantId, mode: principal.key.mode });
