import { API } from '../platform/http/prefixes.ts';
import type { Noun } from '../platform/noun.ts';
import type { Platform } from '../platform/platform.ts';
import type { Credentials } from '../sign-in/index.ts';
import { createSecondFactors } from './codes.ts';
import { secondFactorRoutes } from './routes.ts';
import { createSecondFactorService } from './service.ts';
import { createSecondFactorStore } from './store.ts';
import { totpCodes } from './totp.ts';

export function wireSecondFactors(
  { databases, vault, clock }: Platform,
  { guesses, settings, signIns }: Pick<Credentials, 'guesses' | 'settings' | 'signIns'>,
) {
  const store = createSecondFactorStore(databases.requests);
  const factors = createSecondFactors({ store, codes: totpCodes, guesses, vault, clock });
  const secondFactor = createSecondFactorService({ factors, settings, signIns });
  return {
    factors,
    routes: (app) => void app.register(secondFactorRoutes, { prefix: API, secondFactor }),
  } satisfies Noun;
}

export type WiredSecondFactors = ReturnType<typeof wireSecondFactors>;
