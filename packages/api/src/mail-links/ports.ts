import type { Items } from '../platform/jobs/items.ts';
import type { TenantScope } from '../platform/access/tenant-scope.ts';
import type { SealedColumn } from '../platform/crypto/vault.ts';
import type { LinkPurpose } from './link.ts';
import type { MailPurpose } from '../mail/index.ts';

export function recipientColumn(tenantId: string, mailId: string): SealedColumn {
  return { owner: tenantId, row: mailId, column: 'mail_outbox.recipient' };
}

/** A mail that is to be sent to a user of this mode. What it says is made when it is sent, so no link waits in the database. */
interface QueuedMail extends TenantScope {
  readonly id: string;
  readonly purpose: MailPurpose;
  /** The e-mail address, sealed for `recipientColumn`: it need not be anybody's whom we know. */
  readonly sealedRecipient: Buffer;
}

export interface ClaimedMail extends QueuedMail {
  /** How often it was claimed, this time included. */
  readonly attempts: number;
}

/** A sign-up that waits for its address to be confirmed. It has the id of the mail that brings its link. */
export interface NewSignUp {
  readonly email: string;
  /** Comes into force with the link of this sign-up, and with no other. */
  readonly passwordHash: string;
}

/** Mails that wait, for all replicas. */
export interface MailOutbox {
  /** The same work whoever the recipient is. With the sign-up that the mail is about, if there is one. */
  add(mail: QueuedMail, signUp: NewSignUp | null): Promise<void>;
  /** Mails that are due, each for one replica alone until it says what became of it or two minutes are over. */
  claim(limit: number, items: Items): Promise<readonly ClaimedMail[]>;
  /** It was sent, or is not to be sent. */
  remove(mail: ClaimedMail): Promise<void>;
  retry(mail: ClaimedMail, afterSeconds: number): Promise<void>;
}

/** Whom a mail goes to. */
export interface MailUser {
  readonly id: string;
  /** Those who are not get no mails. */
  readonly active: boolean;
  readonly emailVerified: boolean;
  readonly hasPassword: boolean;
}

/** Whom a link stands for. */
export interface LinkHolder {
  readonly userId: string;
  readonly email: string;
}

export interface WaitingSignUp {
  readonly id: string;
  readonly createdAt: Date;
}

/** `suspended`: the link is good and its user is suspended; it is not used up. */
export type LinkUse = 'used' | 'suspended' | 'invalid';

/** The links that users have in their mailboxes. Users of the other mode, and their links, are not there. */
export interface LinkStore {
  /** The user with this e-mail; null where there is none. */
  userOf(scope: TenantScope, email: string): Promise<MailUser | null>;
  /** Writes a link in the place of an earlier one for the same purpose. */
  put(
    tenantId: string,
    link: {
      readonly userId: string;
      readonly email: string;
      readonly purpose: LinkPurpose;
      readonly hash: Buffer;
    },
  ): Promise<void>;
  /** Null where there is no such link (any more). It can still be used. */
  find(scope: TenantScope, purpose: LinkPurpose, hash: Buffer): Promise<LinkHolder | null>;
  /** The sign-up that a mail is about; else the first one that waits for this address; null where none does. */
  signUpFor(scope: TenantScope, email: string, mailId: string): Promise<WaitingSignUp | null>;
  /** Gives a sign-up its link, in the place of an earlier one. Answers false where it does not wait any more. */
  putSignUpLink(tenantId: string, signUpId: string, hash: Buffer): Promise<boolean>;
  /** The address turned out to be taken. */
  dropSignUp(tenantId: string, signUpId: string): Promise<void>;
  /**
   * Uses the link up, and notes that the address is the user's or makes a user of the sign-up; of many at once one succeeds.
   * Nothing is changed for a sign-up whose address is somebody's by now.
   * @param newUserId of the user that is made
   */
  verifyEmail(scope: TenantScope, hash: Buffer, newUserId: string): Promise<LinkUse>;
  /**
   * Uses the link up, puts the password in place, ends what a reset ends and notes that the address is the user's; of many
   * at once one succeeds.
   */
  setPassword(
    scope: TenantScope,
    purpose: 'reset_password' | 'invitation',
    hash: Buffer,
    passwordHash: string,
  ): Promise<LinkUse>;
  /**
   * Makes a user without a password. Answers the one that there is where it has not chosen a password yet.
   * @throws CVaultError `email_taken`
   */
  invite(scope: TenantScope, user: { readonly id: string; readonly email: string }): Promise<string>;
}
