import type { WiredFleet } from '../fleet/index.ts';
import { TENANT } from '../platform/http/prefixes.ts';
import type { Noun } from '../platform/noun.ts';
import type { Platform } from '../platform/platform.ts';
import { eraseUsers } from './erase-users.job.ts';
import { privacyRoutes } from './routes.ts';
import { createPrivacyService } from './service.ts';
import { createPrivacyStore } from './store.ts';

export function wirePrivacy({ databases, clock }: Platform, { fleet }: WiredFleet) {
  const privacy = createPrivacyService({ store: createPrivacyStore(databases.requests) });
  return {
    routes: (app) => void app.register(privacyRoutes, { prefix: TENANT, privacy, clock }),
    jobs: [eraseUsers({ database: databases.jobs, peers: fleet })],
  } satisfies Noun;
}
