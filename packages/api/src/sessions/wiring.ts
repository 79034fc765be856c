import type { WiredDevices } from '../devices/index.ts';
import type { Database } from '../platform/db/database.ts';
import { ADMIN, API, TENANT } from '../platform/http/prefixes.ts';
import type { Noun } from '../platform/noun.ts';
import type { Platform } from '../platform/platform.ts';
import { vpnRoutes } from './connect-routes.ts';
import { ownSessionRoutes, sessionRoutes, tenantSessionRoutes } from './routes.ts';
import { createSessionService } from './service.ts';
import { createSessionStore } from './store.ts';

export function wireSessions({ databases }: Platform, devices: WiredDevices) {
  const serviceOn = (database: Database) =>
    createSessionService({ devices: devices.store, sessions: createSessionStore(database) });
  const sessions = serviceOn(databases.requests);
  return {
    routes(app) {
      void app.register(vpnRoutes, { prefix: API, sessions });
      void app.register(sessionRoutes, { prefix: API, sessions });
      void app.register(ownSessionRoutes, { prefix: TENANT, sessions });
      void app.register(tenantSessionRoutes, { prefix: ADMIN, sessions: serviceOn(databases.operator) });
    },
  } satisfies Noun;
}
