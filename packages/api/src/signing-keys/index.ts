export { renewSigningKeys } from './renew-signing-keys.job.ts';
export { publishedKeyRoutes, signingKeyRoutes } from './routes.ts';
export { ACCESS_TOKEN_SECONDS, type SigningKeys, createSigningKeys } from './signing-keys.ts';
export { createSigningKeyStore } from './store.ts';
