import type { ApiKeyMode } from './api-key.ts';

/** The users and devices that an API key may see: those of the key's mode. */
export interface TenantScope {
  readonly tenantId: string;
  readonly mode: ApiKeyMode;
}

/** The scope of a request's API key. */
export const scopeOfKey = (principal: {
  readonly tenantId: string;
  readonly key: { readonly mode: ApiKeyMode };
}): TenantScope => ({ tenantId: principal.tenantId, mode: principal.key.mode });
