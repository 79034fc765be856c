import { API } from '../platform/http/prefixes.ts';
import type { Noun } from '../platform/noun.ts';
import type { Platform } from '../platform/platform.ts';
import { countAddresses } from './count-addresses.job.ts';
import { locationRoutes } from './routes.ts';
import { createLocationStore } from './store.ts';

export function wireLocations({ databases }: Platform) {
  const locations = createLocationStore(databases.requests);
  return {
    routes: (app) => void app.register(locationRoutes, { prefix: API, locations }),
    jobs: [countAddresses(databases.jobs)],
  } satisfies Noun;
}
