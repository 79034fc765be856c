/** How users sign in: everything of it, put together for the process and for tests. */
import {
  createAccountService,
  createGuessGuard,
  createIdentityProviderService,
  createPostOffice,
  createRecoveryService,
  createSecondFactors,
  createSecondFactorService,
  createSigningKeys,
  createSignIns,
  createTokenExchange,
  createUserService,
  type Items,
  type Mailer,
  type OutboundHttp,
  type Secret,
  systemClock as clock,
  type Vault,
} from '@cvault/core';
import type { Logger } from 'pino';
import { createAccessTokens } from './credentials/access-tokens.ts';
import { commonPasswords as common } from './credentials/common-passwords.ts';
import { createIdTokenVerifier } from './credentials/id-tokens.ts';
import { createPasswordHasher } from './credentials/passwords.ts';
import { createPseudonym } from './credentials/pseudonyms.ts';
import { totpCodes } from './credentials/totp.ts';
import type { Database } from './postgres/database.ts';
import { createAccountStore } from './postgres/identity/accounts.ts';
import { ENDED } from './postgres/identity/ended.ts';
import { createIdentityProviderStore } from './postgres/identity/identity-providers.ts';
import { createLinkStore } from './postgres/identity/links.ts';
import { createMailOutbox } from './postgres/identity/mail-outbox.ts';
import { createSecondFactorStore } from './postgres/identity/second-factors.ts';
import { createSignInSettingsStore } from './postgres/identity/sign-in-settings.ts';
import { createSigningKeyStore } from './postgres/identity/signing-keys.ts';
import { createTryStore } from './postgres/identity/tries.ts';
import { createUserStore } from './postgres/identity/users.ts';
import { workThrough } from './postgres/old-rows.ts';

export interface IdentityOptions {
  /** With the rights of requests, and of periodic work. */
  readonly requests: Database;
  readonly jobs: Database;
  readonly vault: Vault;
  /** What pseudonyms are made with. */
  readonly masterKey: Secret<Buffer>;
  readonly bcryptCost: number;
  /** Without a slash at the end; empty where nobody said. */
  readonly publicUrl: string;
  /** Null: no mails are sent. */
  readonly mailer: Mailer | null;
  /** The way to identity providers, which tenants choose. */
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
    /** What is done again and again, in any number of replicas. */
    periodic: {
      deliverMails: (items: Items) => delivery.deliverDue(items),
      renewSigningKeys: (items: Items) => agedKeys.renew(items),
      /** Deletes what has ended or expired. */
      async forget(items: Items) {
        for (const part of ENDED) await items.attempt(part.what, () => workThrough(jobs, part, items));
      },
    },
  };
}

export type Identity = ReturnType<typeof buildIdentity>;
