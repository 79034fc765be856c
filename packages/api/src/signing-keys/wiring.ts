import type { Database } from '../platform/db/database.ts';
import { ADMIN, API } from '../platform/http/prefixes.ts';
import type { Noun } from '../platform/noun.ts';
import type { Platform } from '../platform/platform.ts';
import { renewSigningKeys } from './renew-signing-keys.job.ts';
import { publishedKeyRoutes, signingKeyRoutes } from './routes.ts';
import { createSigningKeys } from './signing-keys.ts';
import { createSigningKeyStore } from './store.ts';

export function wireSigningKeys({ databases, vault, clock }: Platform) {
  const keysOn = (database: Database) =>
    createSigningKeys({ store: createSigningKeyStore(database), vault, clock });
  const signingKeys = keysOn(databases.requests);
  return {
    signingKeys,
    routes(app) {
      void app.register(publishedKeyRoutes, { prefix: API, signingKeys });
      void app.register(signingKeyRoutes, { prefix: ADMIN, signingKeys });
    },
    jobs: [renewSigningKeys(keysOn(databases.jobs))],
  } satisfies Noun;
}
