import { CVaultError } from '../platform/errors.ts';
import type { Secret } from '../platform/crypto/secret.ts';
import { PASSWORD_CHARACTERS_MAX } from '../platform/http/schemas/credentials.ts';

/**
 * Passwords as they are compared: in Unicode form NFKC (NIST SP 800-63B-4, section 3.1.1.2), so that one password typed
 * on two keyboards is one.
 */
export function normalizePassword(password: string): string {
  return password.normalize('NFKC');
}

/** A password that people choose often, with no more added than this, is as easily guessed. */
const ADDED_CHARACTERS_MAX = 4;
/** Shorter words are no clue, and would refuse many good passwords. */
const CONTEXT_WORD_CHARACTERS_MIN = 4;
/** The same few characters again and again. */
const REPETITION = /^(.{1,6})\1+$/su;

/** Passwords that people choose often. */
export interface CommonPasswords {
  /** @param password in lower case */
  has(password: string): boolean;
}

/** What a new password is measured by. */
export interface PasswordRules {
  /** Fewest characters. */
  readonly lengthMin: number;
  readonly common: CommonPasswords;
  /** What anybody would try first for this user: the e-mail, the name of the tenant. */
  readonly context: readonly string[];
}

/** Its words, alone and written together; and of an e-mail what stands before the @. */
function wordsOf(context: string): string[] {
  const text = context.replace(/@.*$/s, '').toLowerCase();
  const words = text.split(/[^\p{L}\p{N}]+/u);
  return [text, words.join(''), ...words].filter(
    (word) => Array.from(word).length >= CONTEXT_WORD_CHARACTERS_MIN,
  );
}

/**
 * Why a password cannot be taken; null where it can. There are no rules on what it is made of: they make passwords
 * easier to guess, not harder (NIST SP 800-63B-4, section 3.1.1.2).
 */
export function faultOfPassword(
  password: string,
  { lengthMin, common, context }: PasswordRules,
): string | null {
  const normalized = normalizePassword(password);
  const length = Array.from(normalized).length;
  if (length < lengthMin) return `must have at least ${lengthMin} characters`;
  if (length > PASSWORD_CHARACTERS_MAX) return `must have at most ${PASSWORD_CHARACTERS_MAX} characters`;
  if (REPETITION.test(normalized)) return 'must not be the same few characters again and again';
  const lower = normalized.toLowerCase();
  const cores = [/[^\p{L}\p{N}]+/u, /[^\p{L}]+/u]
    .map(({ source }) => lower.replace(new RegExp(`^${source}|${source}$`, 'gu'), ''))
    .filter((core) => length - Array.from(core).length <= ADDED_CHARACTERS_MAX)
    .concat(lower);
  if (cores.some((core) => common.has(core))) return 'must not be one that many people use';
  const known = new Set(context.flatMap(wordsOf));
  if (cores.some((core) => known.has(core))) return 'must not be made of your e-mail address or our name';
  return null;
}

/**
 * @param field of the request's body that holds it
 * @throws CVaultError `invalid_request`
 */
export function checkPassword(password: string, rules: PasswordRules, field = 'password'): void {
  const message = faultOfPassword(password, rules);
  if (message === null) return;
  throw new CVaultError('invalid_request', `The password ${message}.`, {
    faults: [{ pointer: `/${field}`, message }],
  });
}

interface PasswordMatch {
  readonly matches: boolean;
  /** It matches, and the hash is weaker than those that are made now. */
  readonly outdated: boolean;
}

/**
 * Slow, salted hashes. Costs the same whether or not a user exists. Tenants take turns, so that one tenant's storm of
 * sign-ins is not another's wait.
 */
export interface PasswordHasher {
  /** Names its own algorithm and cost, so that stronger ones can come. @throws CVaultError `unavailable` */
  hash(tenantId: string, password: Secret<string>): Promise<string>;
  /**
   * @param hash null where there is no such user: as much work is done, and nothing matches
   * @throws CVaultError `unavailable`
   */
  verify(tenantId: string, password: Secret<string>, hash: string | null): Promise<PasswordMatch>;
}
