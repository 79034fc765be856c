/** The names that other folders use. */
export { accountRoutes } from './account-routes.ts';
export type { AccountService } from './account.ts';
export { MAY_ENTER, endCredentials } from './end-credentials.ts';
export type { GuessGuard, Guesser, Pseudonym, TryRate, TryStore } from './guesses.ts';
export { type CommonPasswords, type PasswordHasher, checkPassword } from './passwords.ts';
export { authRoutes } from './routes.ts';
export type { UserService } from './service.ts';
export { signInSettingsRoutes } from './settings-routes.ts';
export { type SignInSettings, type SignInSettingsStore, passwordLengthMin } from './settings.ts';
export { type SignIns, type Tokens, guesserOf } from './sign-in.ts';
export { SignedInUser, TokenSet, tokenSet, tokens } from './token-schemas.ts';
export { type Identity, buildIdentity } from './wiring.ts';
