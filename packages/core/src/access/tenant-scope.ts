import type { ApiKeyMode } from './api-keys.ts';

/** What a tenant's backend sees by one of its keys: users and devices of the key's mode. */
export interface TenantScope {
  readonly tenantId: string;
  readonly mode: ApiKeyMode;
}
