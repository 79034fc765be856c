import type { WiredFleet } from '../fleet/index.ts';
import { API, TENANT } from '../platform/http/prefixes.ts';
import type { Noun } from '../platform/noun.ts';
import type { Platform } from '../platform/platform.ts';
import { finishUserDeletions } from './finish-deletions.job.ts';
import { meRoutes } from './me-routes.ts';
import { createUserDirectory } from './service.ts';
import { createUserDirectoryStore } from './store.ts';
import { tenantUserRoutes } from './tenant-routes.ts';

export function wireUsers({ databases }: Platform, { fleet }: WiredFleet) {
  const directory = createUserDirectory({
    users: createUserDirectoryStore(databases.requests),
    peers: fleet,
  });
  return {
    directory,
    routes(app) {
      void app.register(meRoutes, { prefix: API });
      void app.register(tenantUserRoutes, { prefix: TENANT, users: directory });
    },
    jobs: [finishUserDeletions(databases.jobs)],
  } satisfies Noun;
}

export type WiredUsers = ReturnType<typeof wireUsers>;
