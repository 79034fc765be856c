import type { PeerPush } from '../devices/index.ts';
import type { Database } from '../platform/db/database.ts';
import { ADMIN, TENANT } from '../platform/http/prefixes.ts';
import type { Noun } from '../platform/noun.ts';
import type { Platform } from '../platform/platform.ts';
import { finishTenantDeletions } from './finish-deletions.job.ts';
import { tenantRoutes } from './routes.ts';
import { createTenantService } from './service.ts';
import { settingsRoutes } from './settings-routes.ts';
import { createTenantStore } from './store.ts';

export function wireTenants({ databases }: Platform, { fleet }: { readonly fleet: Pick<PeerPush, 'wake'> }) {
  const serviceOn = (database: Database) =>
    createTenantService({ tenants: createTenantStore(database), peers: fleet });
  const service = serviceOn(databases.operator);
  return {
    service,
    routes(app) {
      void app.register(tenantRoutes, { prefix: ADMIN, tenants: service });
      void app.register(settingsRoutes, { prefix: TENANT, tenants: serviceOn(databases.requests) });
    },
    jobs: [finishTenantDeletions(createTenantStore(databases.jobs))],
  } satisfies Noun;
}
