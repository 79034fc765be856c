export { createIdTokenVerifier } from './id-tokens.ts';
export { type IdentityProviderService, createIdentityProviderService } from './service.ts';
export { identityProviderRoutes } from './routes.ts';
export { createIdentityProviderStore } from './store.ts';
export { type TokenExchange, createTokenExchange } from './token-exchange.ts';
export { tokenRoutes } from './token-routes.ts';
