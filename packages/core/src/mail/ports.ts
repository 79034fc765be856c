import type { TenantScope } from '../access/tenant-scope.ts';
import type { Cell } from '../keys/vault.ts';
import type { LinkPurpose } from './links.ts';
import type { MailPurpose } from './mail.ts';

export function recipientCell(tenantId: string, mailId: string): Cell {
  return { owner: tenantId, row: mailId, column: 'mail_outbox.recipient' };
}

/** A mail that is to be sent to a user of this mode. What it says is made when it is sent, so no link waits in the database. */
export interface QueuedMail extends TenantScope {
  readonly id: string;
  readonly purpose: MailPurpose;
  /** The e-mail address, sealed for `recipientCell`: it need not be anybody's whom we know. */
  readonly sealedRecipient: Buffer;
}

export interface ClaimedMail extends QueuedMail {
  /** How often it was claimed, this time included. */
  readonly attempts: number;
}

/** Mails that wait, for all replicas. */
export interface MailOutbox {
  /** The same work whoever the recipient is. */
  add(mail: QueuedMail): Promise<void>;
  /** Mails that are due, each for one replica alone until it says what became of it or two minutes are over. */
  claim(limit: number): Promise<readonly ClaimedMail[]>;
  /** It was sent, or is not to be sent. */
  remove(mail: ClaimedMail): Promise<void>;
  retry(mail: ClaimedMail, afterSeconds: number): Promise<void>;
}

/** Whom a mail goes to. */
export interface MailUser {
  readonly id: string;
  readonly emailVerified: boolean;
  readonly hasPassword: boolean;
}

/** Whom a link stands for. */
export interface LinkHolder {
  readonly userId: string;
  readonly email: string;
}

/** The links that users have in their mailboxes. Users of the other mode, and their links, are not there. */
export interface LinkStore {
  /** The user with this e-mail; null where there is none, or where it may not sign in. */
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
  /** Uses the link up and notes that the address is the user's; of many at once one succeeds. Answers whether it did. */
  verifyEmail(scope: TenantScope, hash: Buffer): Promise<boolean>;
  /**
   * Uses the link up, puts the password in place, ends all of the user's sign-ins and notes that the address is the user's;
   * of many at once one succeeds. Answers whether it did.
   */
  setPassword(
    scope: TenantScope,
    purpose: 'reset_password' | 'invitation',
    hash: Buffer,
    passwordHash: string,
  ): Promise<boolean>;
  /**
   * Makes a user without a password. Answers the one that there is where it has not chosen a password yet.
   * @throws CVaultError `email_taken`
   */
  invite(scope: TenantScope, user: { readonly id: string; readonly email: string }): Promise<string>;
  /** Deletes links that have expired; answers how many. */
  forgetExpired(): Promise<number>;
}
