import { CVaultError } from '../errors.ts';
import type { Secret } from '../secret.ts';

/** Room for any passphrase; hashing more would only let a stranger make us work. */
export const PASSWORD_CHARACTERS_MAX = 256;

/**
 * Passwords as they are compared: in Unicode form NFKC (NIST SP 800-63B-4, section 3.1.1.2), so that one password typed
 * on two keyboards is one.
 */
export function normalizePassword(password: string): string {
  return password.normalize('NFKC');
}

/**
 * Why a password cannot be taken; null where it can. There are no rules on what it is made of: they make passwords
 * easier to guess, not harder.
 */
export function faultOfPassword(password: string, lengthMin: number): string | null {
  const length = Array.from(normalizePassword(password)).length;
  if (length < lengthMin) return `must have at least ${lengthMin} characters`;
  if (length > PASSWORD_CHARACTERS_MAX) return `must have at most ${PASSWORD_CHARACTERS_MAX} characters`;
  return null;
}

/** @throws CVaultError `invalid_request` */
export function checkPassword(password: string, lengthMin: number): void {
  const message = faultOfPassword(password, lengthMin);
  if (message === null) return;
  throw new CVaultError('invalid_request', `The password ${message}.`, {
    faults: [{ pointer: '/password', message }],
  });
}

export interface PasswordMatch {
  readonly matches: boolean;
  /** It matches, and the hash is weaker than those that are made now. */
  readonly outdated: boolean;
}

/** Slow, salted hashes. Costs the same whether or not a user exists. */
export interface PasswordHasher {
  /** Names its own algorithm and cost, so that stronger ones can come. @throws CVaultError `unavailable` */
  hash(password: Secret<string>): Promise<string>;
  /**
   * @param hash null where there is no such user: as much work is done, and nothing matches
   * @throws CVaultError `unavailable`
   */
  verify(password: Secret<string>, hash: string | null): Promise<PasswordMatch>;
}
