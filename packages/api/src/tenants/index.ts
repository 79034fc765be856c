export type { ApiKeyPage, ApiKeyScope, ApiKeyStore, NewApiKeyRow, RevokedFamily } from './ports.ts';
export { API_KEY_COLUMNS, type ApiKeyRow, apiKeyFromRow } from './rows.ts';
export type { TenantService } from './service.ts';
export type { ApiKey } from './tenant.ts';
