import { type CommonPasswords, checkPassword, type PasswordHasher } from './passwords.ts';
import type { GuessGuard } from './guesses.ts';
import type { UserPrincipal } from '../platform/access/principal.ts';
import { scopeOfKey } from '../platform/access/tenant-scope.ts';
import { CVaultError, notFound } from '../platform/errors.ts';
import type { MailQueue } from '../mail/index.ts';
import type { Secret } from '../platform/crypto/secret.ts';
import type { AccountStore, SignIn } from './ports.ts';
import { guesserOf } from './sign-in.ts';
import { passwordLengthMin, type SignInSettingsStore } from './settings.ts';

export interface PasswordChange {
  readonly currentPassword: Secret<string>;
  readonly newPassword: Secret<string>;
}

export interface AccountServiceDeps {
  readonly accounts: AccountStore;
  readonly passwords: PasswordHasher;
  readonly common: CommonPasswords;
  readonly guesses: GuessGuard;
  readonly settings: SignInSettingsStore;
  readonly post: MailQueue;
}

/** A signed-in user's actions on their own account. */
export function createAccountService(deps: AccountServiceDeps) {
  const { accounts, passwords, common, guesses, settings, post } = deps;
  return {
    /** Ends all sign-ins of the user at once, including this one. */
    async logoutEverywhere({ tenantId, userId }: UserPrincipal): Promise<void> {
      await accounts.logoutEverywhere(tenantId, userId);
    },

    /**
     * Ends all other sign-ins.
     * @throws CVaultError `invalid_credentials`, `invalid_request`, `rate_limited`, `unavailable`
     */
    async changePassword(
      principal: UserPrincipal,
      { currentPassword, newPassword }: PasswordChange,
      client: string,
    ): Promise<void> {
      const { tenantId, userId, email, signInId, policy } = principal;
      const passwordHash = await accounts.passwordHashOf(tenantId, userId);
      const found = await settings.of(tenantId);
      const right = await guesses.password(guesserOf(principal, client), email, async () => {
        const { matches } = await passwords.verify(tenantId, currentPassword, passwordHash);
        return matches ? true : null;
      });
      if (right === null) throw new CVaultError('invalid_credentials', 'The current password is wrong.');
      const context = [email, found.tenantName];
      const rules = { lengthMin: passwordLengthMin(policy, found), common, context };
      checkPassword(newPassword.reveal(), rules, 'newPassword');
      const hash = await passwords.hash(tenantId, newPassword);
      if (!(await accounts.changePassword(principal, passwordHash, hash, signInId))) {
        throw new CVaultError(
          'state_conflict',
          'Meanwhile the password was changed, or you were signed out. Sign in again.',
        );
      }
      await post.post(scopeOfKey(principal), 'password_changed', email);
    },

    /** Newest first. */
    listSignIns: ({ tenantId, userId }: UserPrincipal): Promise<readonly SignIn[]> =>
      accounts.signInsOf(tenantId, userId),

    /** @throws CVaultError `not_found` */
    async endSignIn({ tenantId, userId }: UserPrincipal, id: string): Promise<void> {
      if (!(await accounts.closeSignIn(tenantId, userId, id))) throw notFound('sign-in');
    },
  };
}

export type AccountService = ReturnType<typeof createAccountService>;
