import { randomBytes } from 'node:crypto';
import { Secret } from '../platform/crypto/secret.ts';
import { hashCredential } from '../platform/access/api-key.ts';

const SHAPE = /^cv_rt_[A-Za-z0-9_-]{43}$/;

/** How long a refresh token lasts when it is not used. Each use gives a new one. */
export const REFRESH_TOKEN_DAYS = 30;

/**
 * How long after its use a refresh token that comes again is taken for the same client's second try (two tabs, a lost
 * answer) and not for theft. It opens nothing then either; only the sign-in goes on.
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

/** What a refresh token is looked up by; null where a text cannot be one. */
export function hashOfRefreshToken(text: string): Buffer | null {
  return SHAPE.test(text) ? hashCredential(text) : null;
}
