import type { Items } from '../platform/jobs/items.ts';
import type { TenantScope } from '../platform/access/tenant-scope.ts';
import type { SealedColumn } from '../platform/crypto/vault.ts';
import type { LinkPurpose } from './link.ts';
import type { MailPurpose } from '../mail/index.ts';

export function recipientColumn(tenantId: string, mailId: string): SealedColumn {
  return { owner: tenantId, row: mailId, column: 'mail_outbox.recipient' };
}

/** A mail to a user of this mode. Its text is written when it is sent, so the database holds no link. */
interface QueuedMail extends TenantScope {
  readonly id: string;
  readonly purpose: MailPurpose;
  /** The e-mail address, sealed for `recipientColumn`: it need not be anybody's whom we know. */
  readonly sealedRecipient: Buffer;
}

export interface ClaimedMail extends QueuedMail {
  /** The number of claims, including this one. */
  readonly attempts: number;
}

/** A sign-up that waits for its address to be confirmed. It shares the id of the mail with its link. */
export interface NewSignUp {
  readonly email: string;
  /** Takes effect only with this sign-up's link. */
  readonly passwordHash: string;
}

/** The queue of mails, shared by all replicas. */
export interface MailOutbox {
  /** Does the same work for every recipient. Stores the mail's sign-up too, if there is one. */
  add(mail: QueuedMail, signUp: NewSignUp | null): Promise<void>;
  /** Claims due mails for one replica, until it reports their outcome or two minutes pass. */
  claim(limit: number, items: Items): Promise<readonly ClaimedMail[]>;
  /** For a mail that was sent or is not to be sent. */
  remove(mail: ClaimedMail): Promise<void>;
  retry(mail: ClaimedMail, afterSeconds: number): Promise<void>;
}

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
