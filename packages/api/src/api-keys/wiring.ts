import type { Database } from '../platform/db/database.ts';
import { ADMIN, TENANT } from '../platform/http/prefixes.ts';
import type { Noun } from '../platform/noun.ts';
import type { Platform } from '../platform/platform.ts';
import { createKeyUses } from './key-uses.ts';
import { apiKeyRoutes } from './routes.ts';
import { type ApiKeyServiceDeps, createApiKeyService } from './service.ts';
import { createApiKeyStore } from './store.ts';
import { tenantApiKeyRoutes } from './tenant-routes.ts';
import { writeKeyUses } from './write-key-uses.job.ts';

export function wireApiKeys(
  { databases }: Platform,
  { prepareTestMode }: Pick<ApiKeyServiceDeps, 'prepareTestMode'>,
) {
  const serviceOn = (database: Database) =>
    createApiKeyService({ apiKeys: createApiKeyStore(database), prepareTestMode });
  const service = serviceOn(databases.operator);
  const own = serviceOn(databases.requests);
  const keyUses = createKeyUses(databases.jobs);
  return {
    /** For the operator; `own` is for tenants' backends. */
    service,
    own,
    keyUses,
    routes(app) {
      void app.register(apiKeyRoutes, { prefix: ADMIN, apiKeys: service });
      void app.register(tenantApiKeyRoutes, { prefix: TENANT, apiKeys: own });
    },
    jobs: [writeKeyUses(keyUses)],
  } satisfies Noun;
}
