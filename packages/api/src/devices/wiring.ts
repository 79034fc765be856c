import type { WiredFleet } from '../fleet/index.ts';
import { API, TENANT } from '../platform/http/prefixes.ts';
import type { Noun } from '../platform/noun.ts';
import type { Platform } from '../platform/platform.ts';
import { endDue } from './end-due.job.ts';
import { finishDepartures } from './finish-departures.job.ts';
import { renewKeys } from './renew-keys.job.ts';
import { deviceRoutes } from './routes.ts';
import { createDeviceService } from './service.ts';
import { createDeviceStore } from './store.ts';
import { createTenantDevicesStore } from './tenant-devices-store.ts';
import { createTenantDevices } from './tenant-devices.ts';
import { tenantDeviceRoutes } from './tenant-routes.ts';
import { createDeviceUpkeepStore } from './upkeep-store.ts';

/** How long after its deadline only the request that wrote an outbox entry may push it. */
const PUSH_MARGIN_MS = 1_000;

export function wireDevices({ config, databases, vault, stopping }: Platform, { fleet: peers }: WiredFleet) {
  const { ackDeadlineMs, quarantineSeconds } = config.peers;
  const store = createDeviceStore(databases.requests, ackDeadlineMs + PUSH_MARGIN_MS, quarantineSeconds);
  const devices = createDeviceService({ devices: store, peers, vault, stopping });
  const directory = createTenantDevices({
    directory: createTenantDevicesStore(databases.requests),
    devices: store,
    peers,
  });
  const upkeep = createDeviceUpkeepStore(databases.jobs);
  return {
    store,
    routes(app) {
      void app.register(deviceRoutes, { prefix: API, devices });
      void app.register(tenantDeviceRoutes, { prefix: TENANT, devices: directory });
    },
    jobs: [
      finishDepartures(databases.jobs),
      endDue({ upkeep, peers }),
      renewKeys({ upkeep, devices: store, peers, vault }),
    ],
  } satisfies Noun;
}

export type WiredDevices = ReturnType<typeof wireDevices>;
