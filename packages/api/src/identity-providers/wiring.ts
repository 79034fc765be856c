import { API } from '../platform/http/prefixes.ts';
import type { Noun } from '../platform/noun.ts';
import type { Platform } from '../platform/platform.ts';
import type { Credentials } from '../sign-in/index.ts';
import { createIdTokenVerifier } from './id-tokens.ts';
import { identityProviderRoutes } from './routes.ts';
import { createIdentityProviderService } from './service.ts';
import { createIdentityProviderStore } from './store.ts';
import { createTokenExchange } from './token-exchange.ts';
import { tokenRoutes } from './token-routes.ts';

export function wireIdentityProviders(
  { databases, outbound, clock }: Platform,
  { signIns }: Pick<Credentials, 'signIns'>,
) {
  const store = createIdentityProviderStore(databases.requests);
  const providers = createIdentityProviderService({ providers: store, outbound });
  const idTokens = createIdTokenVerifier({ outbound, clock });
  const tokenExchange = createTokenExchange({ providers: store, idTokens, signIns });
  return {
    routes(app) {
      void app.register(identityProviderRoutes, { prefix: API, providers });
      void app.register(tokenRoutes, { prefix: API, tokenExchange });
    },
  } satisfies Noun;
}
