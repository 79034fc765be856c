import type { LinkPurpose } from '../mail-links/index.ts';

/** The text of a mail. Plain text, so that no input of a stranger can be markup. */
export interface MailText {
  readonly subject: string;
  readonly text: string;
}

export interface Mail extends MailText {
  readonly to: string;
  /** The sender's display name; the address is the platform's. */
  readonly fromName: string;
}

/** Sends mails. */
export interface Mailer {
  /** Resolves when the next mail server has accepted it. */
  send(mail: Mail): Promise<void>;
}

/** The subject of a mail. `password_changed` and `already_registered` have no link. */
export type MailPurpose = LinkPurpose | 'password_changed' | 'already_registered';

/** Names cannot contain line breaks, but a subject must stay one line even if that rule changes. */
const oneLine = (text: string) => text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();

const lines = (...texts: string[]) => `${texts.join('\n\n')}\n`;

/** `29 Nov 2026 at 14:05 UTC`, so that a reader can recognize their own sign-up. */
const minuteOf = (at: Date) =>
  at
    .toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })
    .replace(', ', ' at ') + ' UTC';

/** Somebody else may have used the same address, so the mail names the time of its sign-up. */
function signUpText(name: string, link: string, signedUpAt: Date): MailText {
  return {
    subject: `Confirm your e-mail address for ${name}`,
    text: lines(
      `Somebody, probably you, signed up at ${name} with this address on ${minuteOf(signedUpAt)}. Confirm it here within a day:`,
      link,
      'The password that was chosen then opens the account from that moment on. If it was not you, do nothing.',
    ),
  };
}

export interface MailContent {
  /** Empty if the mail has no link. */
  readonly link: string;
  /** When the confirmed sign-up was sent; null if there is none. */
  readonly signedUpAt: Date | null;
}

/** Names the sender. Contains no text that a stranger could have entered. */
export function mailText(purpose: MailPurpose, tenantName: string, content: MailContent): MailText {
  const { link, signedUpAt } = content;
  const name = oneLine(tenantName);
  if (signedUpAt !== null) return signUpText(name, link, signedUpAt);
  switch (purpose) {
    case 'verify_email':
      return {
        subject: `Confirm your e-mail address for ${name}`,
        text: lines(
          `Somebody, probably you, has used this address to sign up at ${name}. Confirm it here within a day:`,
          link,
          'If it was not you, do nothing.',
        ),
      };
    case 'reset_password':
      return {
        subject: `Choose a new password for ${name}`,
        text: lines(
          `Somebody, probably you, has forgotten the password of your account at ${name}. Choose a new one here within an hour:`,
          link,
          'If it was not you, do nothing: your password stays as it is.',
        ),
      };
    case 'invitation':
      return {
        subject: `You are invited to ${name}`,
        text: lines(
          `${name} has made an account for you. Choose your password here within a week:`,
          link,
          'If you did not expect this, do nothing.',
        ),
      };
    case 'password_changed':
      return {
        subject: `Your password for ${name} was changed`,
        text: lines(
          `The password of your account at ${name} was changed just now, and you were signed out everywhere else.`,
          'If it was not you, choose a new one at once: ask for it on the sign-in page.',
        ),
      };
    case 'already_registered':
      return {
        subject: `You have an account at ${name}`,
        text: lines(
          `Somebody, probably you, has tried to sign up at ${name} with this address, which has an account already.`,
          'If you have forgotten its password, ask for a new one on the sign-in page. If it was not you, do nothing.',
        ),
      };
  }
}
