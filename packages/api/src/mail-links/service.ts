import {
  type CommonPasswords,
  type PasswordHasher,
  type SignInSettingsStore,
  checkPassword,
  passwordLengthMin,
} from '../sign-in/index.ts';
import type { TenantPrincipal } from '../platform/access/principal.ts';
import { scopeOfKey } from '../platform/access/tenant-scope.ts';
import { CVaultError, userSuspended } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import { hashOfLinkToken } from './link.ts';
import type { LinkStore, LinkUse } from './ports.ts';
import type { MailQueue } from '../mail/index.ts';
import type { Secret } from '../platform/crypto/secret.ts';

export interface RecoveryServiceDeps {
  readonly links: LinkStore;
  readonly post: MailQueue;
  readonly settings: SignInSettingsStore;
  readonly passwords: PasswordHasher;
  readonly common: CommonPasswords;
}

const invalidLink = () =>
  new CVaultError('invalid_link', 'The link was used before, has expired, or was replaced by a newer one.');

/** @throws CVaultError `invalid_link`, `user_suspended` */
function checkUse(use: LinkUse): void {
  if (use === 'invalid') throw invalidLink();
  if (use === 'suspended') throw userSuspended();
}

/** Actions that involve the user's mailbox. */
export function createRecoveryService({ links, post, settings, passwords, common }: RecoveryServiceDeps) {
  /** One of several concurrent calls with the same link succeeds. */
  async function choosePassword(
    principal: TenantPrincipal,
    purpose: 'reset_password' | 'invitation',
    token: Secret<string>,
    password: Secret<string>,
  ): Promise<void> {
    const scope = scopeOfKey(principal);
    const hash = hashOfLinkToken(token.reveal());
    const holder = hash === null ? null : await links.find(scope, purpose, hash);
    if (hash === null || holder === null) throw invalidLink();
    const found = await settings.of(scope.tenantId);
    const context = [holder.email, found.tenantName];
    checkPassword(password.reveal(), {
      lengthMin: passwordLengthMin(principal.policy, found),
      common,
      context,
    });
    checkUse(await links.setPassword(scope, purpose, hash, await passwords.hash(scope.tenantId, password)));
    if (purpose === 'reset_password') await post.post(scope, 'password_changed', holder.email);
  }

  return {
    /**
     * Sends a link to choose a new password if the user exists; the answer does not reveal it.
     * @throws CVaultError `mail_not_set_up`
     */
    async forgotPassword(principal: TenantPrincipal, email: string): Promise<void> {
      await post.requireLinks(principal.tenantId);
      await post.post(scopeOfKey(principal), 'reset_password', email);
    },

    /**
     * Sends a link to confirm the address if the user exists; the answer does not reveal it.
     * @throws CVaultError `mail_not_set_up`
     */
    async sendVerification(principal: TenantPrincipal, email: string): Promise<void> {
      await post.requireLinks(principal.tenantId);
      await post.post(scopeOfKey(principal), 'verify_email', email);
    },

    /**
     * A sign-up's link creates the user with the password of the sign-up.
     * @throws CVaultError `invalid_link`, `user_suspended`
     */
    async verifyEmail(principal: TenantPrincipal, token: Secret<string>): Promise<void> {
      const hash = hashOfLinkToken(token.reveal());
      checkUse(hash === null ? 'invalid' : await links.verifyEmail(scopeOfKey(principal), hash, newId()));
    },

    /**
     * Ends all sign-ins of the user.
     * @throws CVaultError `invalid_link`, `invalid_request`, `user_suspended`, `unavailable`
     */
    resetPassword: (
      tenant: TenantPrincipal,
      token: Secret<string>,
      password: Secret<string>,
    ): Promise<void> => choosePassword(tenant, 'reset_password', token, password),

    /** @throws CVaultError `invalid_link`, `invalid_request`, `user_suspended`, `unavailable` */
    acceptInvitation: (
      tenant: TenantPrincipal,
      token: Secret<string>,
      password: Secret<string>,
    ): Promise<void> => choosePassword(tenant, 'invitation', token, password),

    /**
     * Creates a user who chooses a password through a link; sends the link again if they have not yet.
     * @throws CVaultError `email_taken`, `mail_not_set_up`
     */
    async invite(
      principal: TenantPrincipal,
      email: string,
    ): Promise<{ readonly id: string; readonly email: string }> {
      const scope = scopeOfKey(principal);
      await post.requireLinks(scope.tenantId);
      const id = await links.invite(scope, { id: newId(), email });
      await post.post(scope, 'invitation', email);
      return { id, email };
    },
  };
}

export type RecoveryService = ReturnType<typeof createRecoveryService>;
