export { ACCESS_TOKEN_SECONDS, type SigningKeys } from './signing-keys.ts';
