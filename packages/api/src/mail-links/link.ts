import { randomBytes } from 'node:crypto';
import { hashCredential } from '../platform/access/api-key.ts';
import { Secret } from '../platform/crypto/secret.ts';
import type { CanonicalText } from '../platform/text/addresses.ts';

/** The purpose of a link in a mail. */
export type LinkPurpose = 'verify_email' | 'reset_password' | 'invitation';

/** How long a link lasts. */
export const LINK_HOURS: Readonly<Record<LinkPurpose, number>> = {
  verify_email: 24,
  reset_password: 1,
  invitation: 7 * 24,
};

/** The page of the tenant's app behind a link. */
const PAGES: Readonly<Record<LinkPurpose, string>> = {
  verify_email: 'verify-email',
  reset_password: 'reset-password',
  invitation: 'invitation',
};

const SHAPE = /^cv_ln_[A-Za-z0-9_-]{43}$/;

export interface NewLinkToken {
  readonly token: Secret<string>;
  /** The stored form. */
  readonly hash: Buffer;
}

/** 256 random bits. */
export function generateLinkToken(): NewLinkToken {
  const token = `cv_ln_${randomBytes(32).toString('base64url')}`;
  return { token: new Secret(token), hash: hashCredential(token) };
}

/** The hash by which a link token is looked up; null where the text cannot be a token. */
export function hashOfLinkToken(text: string): Buffer | null {
  return SHAPE.test(text) ? hashCredential(text) : null;
}

/**
 * The token is in the fragment, which browsers send neither to servers nor in Referer.
 * @param appUrl without a trailing slash
 */
export function linkTo(appUrl: string, purpose: LinkPurpose, token: Secret<string>): string {
  return `${appUrl}/${PAGES[purpose]}#token=${token.reveal()}`;
}

const NO_APPS = new Set([
  'about:', 'blob:', 'data:', 'file:', 'ftp:', 'javascript:', 'mailto:', 'sms:', 'tel:', 'vbscript:', 'view-source:', 'ws:', 'wss:',
]); // prettier-ignore

/**
 * The address of a tenant's app for use in mails, as a URL parser writes it, so that only a link of the tenant's
 * can enter the platform's mails. Plain HTTP is allowed only on a developer's machine, because links open accounts.
 * An app's own scheme is as good as HTTPS.
 */
export function readAppUrl(text: string): CanonicalText {
  // A parser drops line ends and tabs, and keeps some blanks.
  if (/[\p{C}\p{Z}]/u.test(text)) return { fault: 'must not have blanks, line ends or invisible characters' };
  if (!URL.canParse(text)) return { fault: 'must be a URL such as https://app.acme.dev' };
  const url = new URL(text);
  const { protocol, hostname, username, password } = url;
  // Also catches an empty query or fragment, which `search` and `hash` do not show.
  if (username !== '' || password !== '' || /[?#]/.test(text))
    return { fault: 'must have no user, query or fragment' };
  if (NO_APPS.has(protocol)) return { fault: 'must be an https URL, or have a scheme of your app’s own' };
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  if (protocol === 'http:' && !local) return { fault: 'must use https' };
  if (text.endsWith('/')) return { fault: 'must not end with a slash' };
  const canonical = url.href.replace(/\/$/, '');
  return /^[!#-;=?-[\]_a-z~]+$/i.test(canonical)
    ? { text: canonical }
    : { fault: 'must have only characters that are allowed in a URL; encode others with %' };
}
