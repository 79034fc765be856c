import type { WiredMail } from '../mail/index.ts';
import { API } from '../platform/http/prefixes.ts';
import type { Noun } from '../platform/noun.ts';
import type { Platform } from '../platform/platform.ts';
import type { WiredSecondFactors } from '../second-factors/index.ts';
import type { SigningKeys } from '../signing-keys/index.ts';
import { createAccessTokens } from './access-tokens.ts';
import { accountRoutes } from './account-routes.ts';
import { createAccountStore } from './account-store.ts';
import { createAccountService } from './account.ts';
import { commonPasswords as common } from './common-passwords.ts';
import { forgetEnded } from './forget-ended.job.ts';
import { createTryStore } from './guess-store.ts';
import { createGuessGuard } from './guesses.ts';
import { mintedTokenRoutes } from './minted-token-routes.ts';
import { createPasswordHasher } from './password-hasher.ts';
import { createPseudonym } from './pseudonyms.ts';
import { authRoutes } from './routes.ts';
import { createUserService } from './service.ts';
import { signInSettingsRoutes } from './settings-routes.ts';
import { createSignInSettingsStore } from './settings-store.ts';
import { createSignIns } from './sign-in.ts';
import { createUserStore } from './store.ts';

/** The parts shared by every way to sign in; mails, second factors and identity providers need them, too. */
export function wireCredentials(
  { config, databases, clock }: Platform,
  { signingKeys }: { readonly signingKeys: SigningKeys },
) {
  const { requests } = databases;
  const { publicUrl } = config.http;
  const pseudonym = createPseudonym(config.masterKeys.current.key);
  const users = createUserStore(requests);
  const accessTokens = createAccessTokens({ keys: signingKeys, clock, publicUrl });
  return {
    accessTokens,
    common,
    guesses: createGuessGuard({ tries: createTryStore(requests), pseudonym }),
    passwords: createPasswordHasher(config.bcryptCost),
    pseudonym,
    settings: createSignInSettingsStore(requests),
    signIns: createSignIns({ users, accessTokens }),
    users,
  };
}

export type Credentials = ReturnType<typeof wireCredentials>;

export interface SignInNeeds {
  readonly credentials: Credentials;
  readonly mail: WiredMail;
  readonly secondFactors: WiredSecondFactors;
}

export function wireSignIn({ databases }: Platform, { credentials, mail, secondFactors }: SignInNeeds) {
  const { common, guesses, passwords, settings, signIns, users } = credentials;
  const account = { passwords, common, guesses, settings, post: mail.post };
  const service = createUserService({ ...account, users, signIns, factors: secondFactors.factors });
  const accounts = createAccountService({ ...account, accounts: createAccountStore(databases.requests) });
  return {
    service,
    routes(app) {
      void app.register(authRoutes, { prefix: API, users: service });
      void app.register(mintedTokenRoutes, { prefix: API, signIns });
      void app.register(accountRoutes, { prefix: API, accounts });
      void app.register(signInSettingsRoutes, { prefix: API, settings });
    },
    jobs: [forgetEnded(databases.jobs)],
  } satisfies Noun;
}
