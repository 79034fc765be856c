/** The names that other folders use. */
export { finishTenantDeletions } from './finish-deletions.job.ts';
export type { ApiKeyPage, ApiKeyScope, ApiKeyStore, NewApiKeyRow, RevokedFamily } from './ports.ts';
export { tenantRoutes } from './routes.ts';
export { API_KEY_COLUMNS, type ApiKeyRow, apiKeyFromRow } from './rows.ts';
export { type TenantService, createTenantService } from './service.ts';
export { settingsRoutes } from './settings-routes.ts';
export { createTenantStore } from './store.ts';
export type { ApiKey } from './tenant.ts';
