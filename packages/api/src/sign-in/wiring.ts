/** Assembles everything about sign-in, for the process and for tests. */
import {
  createIdTokenVerifier,
  createIdentityProviderService,
  createIdentityProviderStore,
  createTokenExchange,
} from '../identity-providers/index.ts';
import { createLinkStore, createRecoveryService } from '../mail-links/index.ts';
import { type Mailer, createMailOutbox, createPostOffice, deliverMails } from '../mail/index.ts';
import { systemClock as clock } from '../platform/clock.ts';
import type { Secret } from '../platform/crypto/secret.ts';
import type { Vault } from '../platform/crypto/vault.ts';
import type { OutboundHttp } from '../platform/outbound/ports.ts';
import {
  createSecondFactorService,
  createSecondFactorStore,
  createSecondFactors,
  totpCodes,
} from '../second-factors/index.ts';
import { createSigningKeyStore, createSigningKeys, renewSigningKeys } from '../signing-keys/index.ts';
import { createAccountService } from './account.ts';
import { createGuessGuard } from './guesses.ts';
import { createUserService } from './service.ts';
import { createSignIns } from './sign-in.ts';
import type { Logger } from 'pino';
import { createAccessTokens } from './access-tokens.ts';
import { commonPasswords as common } from './common-passwords.ts';
import { createPasswordHasher } from './password-hasher.ts';
import { createPseudonym } from './pseudonyms.ts';
import type { Database } from '../platform/db/database.ts';
import { createAccountStore } from './account-store.ts';
import { forgetEnded } from './forget-ended.job.ts';
import { createSignInSettingsStore } from './settings-store.ts';
import { createTryStore } from './guess-store.ts';
import { createUserStore } from './store.ts';

export interface IdentityOptions {
  /** Databases with the roles of requests and of periodic work. */
  readonly requests: Database;
  readonly jobs: Database;
  readonly vault: Vault;
  /** The source of the pseudonyms' key. */
  readonly masterKey: Secret<Buffer>;
  readonly bcryptCost: number;
  /** Without a trailing slash; empty if not configured. */
  readonly publicUrl: string;
  /** Null: no mail is sent. */
  readonly mailer: Mailer | null;
  /** HTTP to identity providers, which tenants choose. */
  readonly outbound: Pick<OutboundHttp, 'check' | 'getJson'>;
  readonly log: Logger;
}

export function buildIdentity(options: IdentityOptions) {
  const { requests, jobs, vault, mailer, outbound, log } = options;
  const settings = createSignInSettingsStore(requests);
  const links = createLinkStore(requests);
  const userStore = createUserStore(requests);
  const tries = createTryStore(requests);
  const pseudonym = createPseudonym(options.masterKey);
  const passwords = createPasswordHasher(options.bcryptCost);
  const signingKeys = createSigningKeys({ store: createSigningKeyStore(requests), vault, clock });
  const accessTokens = createAccessTokens({ keys: signingKeys, clock, publicUrl: options.publicUrl });
  const signIns = createSignIns({ users: userStore, accessTokens });
  const guesses = createGuessGuard({ tries, pseudonym });
  const secondFactors = createSecondFactorStore(requests);
  const factors = createSecondFactors({ store: secondFactors, codes: totpCodes, guesses, vault, clock });
  const postOffice = (database: Database) =>
    createPostOffice({
      outbox: createMailOutbox(database),
      links: createLinkStore(database),
      settings: createSignInSettingsStore(database),
      tries: createTryStore(database),
      pseudonym,
      vault,
      mailer,
      onFailure: (mail, error, last) =>
        log[last ? 'error' : 'warn']({ ...mail, err: error }, 'a mail was not delivered'),
    });
  const post = postOffice(requests);
  const providers = createIdentityProviderStore(requests);
  const account = { passwords, common, guesses, settings, post };

  const delivery = postOffice(jobs);
  const agedKeys = createSigningKeys({ store: createSigningKeyStore(jobs), vault, clock });
  return {
    accessTokens,
    services: {
      signingKeys,
      signInSettings: settings,
      users: createUserService({ ...account, users: userStore, signIns, factors }),
      accounts: createAccountService({ ...account, accounts: createAccountStore(requests) }),
      recovery: createRecoveryService({ links, post, settings, passwords, common }),
      secondFactor: createSecondFactorService({ factors, settings, signIns }),
      identityProviders: createIdentityProviderService({ providers, outbound }),
      tokenExchange: createTokenExchange({
        providers,
        idTokens: createIdTokenVerifier({ outbound, clock }),
        signIns,
      }),
    },
    jobs: {
      deliverMails: deliverMails(delivery),
      renewSigningKeys: renewSigningKeys(agedKeys),
      forgetEnded: forgetEnded(jobs),
    },
  };
}

export type Identity = ReturnType<typeof buildIdentity>;
