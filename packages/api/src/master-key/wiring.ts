import { ADMIN } from '../platform/http/prefixes.ts';
import type { Noun } from '../platform/noun.ts';
import type { Platform } from '../platform/platform.ts';
import { RESEAL, reseal } from './reseal.job.ts';
import { createMasterKeyRotation } from './rotation.ts';
import { masterKeyRoutes } from './routes.ts';
import { createSealedStore } from './sealed-columns.ts';

export function wireMasterKey({ databases, vault, itemsOf }: Platform) {
  const items = itemsOf({ name: RESEAL });
  const masterKey = createMasterKeyRotation({ store: createSealedStore(databases.jobs), vault, items });
  return {
    routes: (app) => void app.register(masterKeyRoutes, { prefix: ADMIN, masterKey }),
    jobs: [reseal({ masterKey, items })],
  } satisfies Noun;
}
