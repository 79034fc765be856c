export { createKeyUses } from './key-uses.ts';
export { apiKeyRoutes } from './routes.ts';
export { type ApiKeyService, createApiKeyService } from './service.ts';
export { createApiKeyStore } from './store.ts';
export { tenantApiKeyRoutes } from './tenant-routes.ts';
export { writeKeyUses } from './write-key-uses.job.ts';
