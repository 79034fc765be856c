import { randomBytes } from 'node:crypto';
import { Secret } from '../platform/crypto/secret.ts';
import { hashCredential } from '../platform/access/api-key.ts';

const SHAPE = /^cv_rt_[A-Za-z0-9_-]{43}$/;

/** The lifetime of an unused refresh token. Each use issues a new one. */
export const REFRESH_TOKEN_DAYS = 30;

/**
 * A token that is reused within this time counts as a retry of the same client (two tabs, a lost answer), not as
 * theft. It is still refused, but the sign-in stays open.
 */
export const REUSE_GRACE_SECONDS = 10;

export interface NewRefreshToken {
  readonly token: Secret<string>;
  /** The stored form. */
  readonly hash: Buffer;
}

export function generateRefreshToken(): NewRefreshToken {
  const token = `cv_rt_${randomBytes(32).toString('base64url')}`;
  return { token: new Secret(token), hash: hashCredential(token) };
}

/** The hash by which a refresh token is looked up; null if the text cannot be one. */
export function hashOfRefreshToken(text: string): Buffer | null {
  return SHAPE.test(text) ? hashCredential(text) : null;
}
