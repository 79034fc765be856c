import type { TenantScope } from '../platform/access/tenant-scope.ts';
import type { LinkPurpose } from './link.ts';

/** The recipient of a mail. */
export interface MailUser {
  readonly id: string;
  /** Inactive users get no mails. */
  readonly active: boolean;
  readonly emailVerified: boolean;
  readonly hasPassword: boolean;
}

/** The user of a link. */
export interface LinkHolder {
  readonly userId: string;
  readonly email: string;
}

export interface WaitingSignUp {
  readonly id: string;
  readonly createdAt: Date;
}

/** `suspended`: the link is valid, but its user is suspended; it is not used up. */
export type LinkUse = 'used' | 'suspended' | 'invalid';

/** Links in users' mailboxes. A scope sees only users of its mode, and their links. */
export interface LinkStore {
  /** The user with this e-mail; null if there is none. */
  userOf(scope: TenantScope, email: string): Promise<MailUser | null>;
  /** Stores a link, replacing an earlier one for the same purpose. */
  put(
    tenantId: string,
    link: {
      readonly userId: string;
      readonly email: string;
      readonly purpose: LinkPurpose;
      readonly hash: Buffer;
    },
  ): Promise<void>;
  /** Finds a link without using it up; null if there is none. */
  find(scope: TenantScope, purpose: LinkPurpose, hash: Buffer): Promise<LinkHolder | null>;
  /** The mail's own sign-up, or the first one that waits for this address; null if there is none. */
  signUpFor(scope: TenantScope, email: string, mailId: string): Promise<WaitingSignUp | null>;
  /** Gives a sign-up its link, replacing an earlier one. Returns false if the sign-up no longer waits. */
  putSignUpLink(tenantId: string, signUpId: string, hash: Buffer): Promise<boolean>;
  /** For an address that turned out to be taken. */
  dropSignUp(tenantId: string, signUpId: string): Promise<void>;
  /**
   * Uses the link, and marks the address as verified or creates the sign-up's user; of concurrent calls, one
   * succeeds. Changes nothing if the sign-up's address is taken by now.
   * @param newUserId id of a created user
   */
  verifyEmail(scope: TenantScope, hash: Buffer, newUserId: string): Promise<LinkUse>;
  /**
   * Uses the link, sets the password, ends what a reset ends and marks the address as verified; of concurrent
   * calls, one succeeds.
   */
  setPassword(
    scope: TenantScope,
    purpose: 'reset_password' | 'invitation',
    hash: Buffer,
    passwordHash: string,
  ): Promise<LinkUse>;
  /**
   * Creates a user without a password. Returns an existing user who has not chosen a password yet.
   * @throws CVaultError `email_taken`
   */
  invite(scope: TenantScope, user: { readonly id: string; readonly email: string }): Promise<string>;
}
