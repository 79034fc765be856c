import type { WiredFleet } from '../fleet/index.ts';
import type { Database } from '../platform/db/database.ts';
import { ADMIN, API, TENANT } from '../platform/http/prefixes.ts';
import type { Noun } from '../platform/noun.ts';
import type { Platform } from '../platform/platform.ts';
import type { WiredUsers } from '../users/index.ts';
import { createDataLimitStore } from './data-limits.ts';
import { createMeterStore } from './meter-store.ts';
import { readCounters } from './read-counters.job.ts';
import { reviewDataLimits } from './review-data-limits.job.ts';
import { rollUpUsage } from './roll-up-usage.job.ts';
import { adminUsageRoutes, ownUsageRoutes, usageRoutes } from './routes.ts';
import { createUsageService } from './service.ts';
import { createUsageStore } from './store.ts';

export function wireUsage(
  { config, databases, clock }: Platform,
  { fleet: { fleet }, users }: { readonly fleet: WiredFleet; readonly users: WiredUsers },
) {
  const { requests, operator, metering } = databases;
  const { everySeconds, keep } = config.metering;
  const serviceOn = (database: Database) =>
    createUsageService({ usage: createUsageStore(database), clock, hourlyDays: keep.hourlyDays });
  const usage = serviceOn(requests);
  const limits = createDataLimitStore(metering);
  return {
    routes(app) {
      void app.register(usageRoutes, { prefix: API, usage });
      void app.register(ownUsageRoutes, { prefix: TENANT, usage, users: users.directory });
      void app.register(adminUsageRoutes, { prefix: ADMIN, usage: serviceOn(operator) });
    },
    jobs: [
      readCounters({
        counters: fleet,
        meters: createMeterStore(metering),
        limits,
        peers: fleet,
        everySeconds,
      }),
      reviewDataLimits({ limits, peers: fleet }),
      rollUpUsage({ database: metering, keep }),
    ],
  } satisfies Noun;
}
