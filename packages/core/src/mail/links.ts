import { randomBytes } from 'node:crypto';
import { hashCredential } from '../access/api-keys.ts';
import { Secret } from '../secret.ts';

/** What a link in a mail is good for. */
export type LinkPurpose = 'verify_email' | 'reset_password' | 'invitation';

/** How long a link lasts. */
export const LINK_HOURS: Readonly<Record<LinkPurpose, number>> = {
  verify_email: 24,
  reset_password: 1,
  invitation: 7 * 24,
};

/** The page of the tenant's app that a link leads to. */
const PAGES: Readonly<Record<LinkPurpose, string>> = {
  verify_email: 'verify-email',
  reset_password: 'reset-password',
  invitation: 'invitation',
};

const SHAPE = /^cv_ln_[A-Za-z0-9_-]{43}$/;

export interface NewLinkToken {
  readonly token: Secret<string>;
  /** What is stored. */
  readonly hash: Buffer;
}

/** 256 random bits. */
export function generateLinkToken(): NewLinkToken {
  const token = `cv_ln_${randomBytes(32).toString('base64url')}`;
  return { token: new Secret(token), hash: hashCredential(token) };
}

/** What a link token is looked up by; null where a text cannot be one. */
export function hashOfLinkToken(text: string): Buffer | null {
  return SHAPE.test(text) ? hashCredential(text) : null;
}

/**
 * The token stands behind `#`, which browsers send to no server and put into no Referer.
 * @param appUrl without a slash at the end
 */
export function linkTo(appUrl: string, purpose: LinkPurpose, token: Secret<string>): string {
  return `${appUrl}/${PAGES[purpose]}#token=${token.reveal()}`;
}

/**
 * Why a text cannot be the address of a tenant's app; null where it can. Plain HTTP is for a developer's own machine only:
 * links open accounts. An app's own scheme is as good as HTTPS.
 */
export function faultOfAppUrl(text: string): string | null {
  if (!URL.canParse(text)) return 'must be a URL such as https://app.acme.dev';
  const { protocol, hostname, username, password, search, hash } = new URL(text);
  if (username !== '' || password !== '' || search !== '' || hash !== '')
    return 'must have no user, query or fragment';
  if (['javascript:', 'data:', 'file:', 'vbscript:', 'blob:', 'about:'].includes(protocol))
    return 'must be the address of an app';
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  if (protocol === 'http:' && !local) return 'must use https';
  if (text.endsWith('/')) return 'must not end with a slash';
  return null;
}
