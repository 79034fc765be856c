import type { WiredFleet } from '../fleet/index.ts';
import { ADMIN } from '../platform/http/prefixes.ts';
import type { Noun } from '../platform/noun.ts';
import type { Platform } from '../platform/platform.ts';
import { userLimitRoutes } from './routes.ts';
import { createUserLimits } from './service.ts';
import { spreadPlans } from './spread-plans.job.ts';
import { createPlanStore } from './store.ts';

export function wireUserLimits({ databases }: Platform, { fleet }: WiredFleet) {
  const plans = createUserLimits({ plans: createPlanStore(databases.operator) });
  return {
    routes: (app) => void app.register(userLimitRoutes, { prefix: ADMIN, plans }),
    jobs: [spreadPlans({ plans: createPlanStore(databases.jobs), peers: fleet })],
  } satisfies Noun;
}
