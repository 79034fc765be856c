import { type WiredFleet, generateControlKey, publicKeyOf } from '../fleet/index.ts';
import { ADMIN, API } from '../platform/http/prefixes.ts';
import type { Noun } from '../platform/noun.ts';
import type { Platform } from '../platform/platform.ts';
import { createServerEventStore } from './event-store.ts';
import { evacuate } from './evacuate.job.ts';
import { createEvacuationStore } from './evacuation-store.ts';
import { serverEventRoutes } from './event-routes.ts';
import { finishRemovals } from './finish-removals.job.ts';
import { forgetServerEvents } from './forget-events.job.ts';
import { serverHealthRoutes } from './health-routes.ts';
import { createServerHealthService } from './health.ts';
import { keepReachability } from './reachability.job.ts';
import { createServerHealthStore } from './health-store.ts';
import { serverRoutes } from './routes.ts';
import { createServerService } from './service.ts';
import { serverStatusRoutes } from './status-routes.ts';
import { createServerStatusStore } from './status-store.ts';
import { createServerStatusService } from './status.ts';
import { createServerStore } from './store.ts';
import { prepareTestMode } from './test-server.ts';

/** The account that the installation creates on a VPN server, and the interface. */
const SSH_USER = 'cvault';
const INTERFACE = 'wg0';

export function wireServers(
  { databases, vault, clock }: Platform,
  { fleet, control, installer }: WiredFleet,
) {
  const { requests, operator, links, jobs } = databases;
  const store = createServerStore(operator);
  const health = createServerHealthService({ store: createServerHealthStore(links), fleet });
  const serverStatus = createServerStatusService({
    store: createServerStatusStore(requests, links),
    fleet: control,
  });
  const servers = createServerService({
    servers: store,
    fleet: control,
    installer,
    newControlKey: generateControlKey,
    publicKeyOf,
    vault,
    sshUser: SSH_USER,
    interfaceName: INTERFACE,
  });
  return {
    store,
    health,
    prepareTestMode: () => prepareTestMode({ servers: store, fleet: control }),
    routes(app) {
      void app.register(serverStatusRoutes, { prefix: API, serverStatus, clock });
      void app.register(serverRoutes, { prefix: ADMIN, servers });
      void app.register(serverHealthRoutes, { prefix: ADMIN, serverHealth: health });
      void app.register(serverEventRoutes, { prefix: ADMIN, serverEvents: createServerEventStore(operator) });
    },
    jobs: [
      finishRemovals({ servers: createServerStore(jobs), fleet: control }),
      evacuate({ evacuations: createEvacuationStore(jobs), fleet: control }),
      keepReachability(jobs),
      forgetServerEvents(jobs),
    ],
  } satisfies Noun;
}

export type WiredServers = ReturnType<typeof wireServers>;
