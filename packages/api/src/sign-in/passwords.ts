import { CVaultError } from '../platform/errors.ts';
import type { Secret } from '../platform/crypto/secret.ts';
import { PASSWORD_CHARACTERS_MAX } from '../platform/http/schemas/credentials.ts';

/**
 * The compared form of a password: NFKC (NIST SP 800-63B-4, section 3.1.1.2), so that different keyboards give the
 * same password.
 */
export function normalizePassword(password: string): string {
  return password.normalize('NFKC');
}

/** A common password plus at most this many characters is as easy to guess. */
const ADDED_CHARACTERS_MAX = 4;
/** Shorter words would refuse many good passwords. */
const CONTEXT_WORD_CHARACTERS_MIN = 4;
/** A repeated sequence of few characters. */
const REPETITION = /^(.{1,6})\1+$/su;

/** Frequently chosen passwords. */
export interface CommonPasswords {
  /** @param password in lower case */
  has(password: string): boolean;
}

/** The rules for a new password. */
export interface PasswordRules {
  /** The minimum length in characters. */
  readonly lengthMin: number;
  readonly common: CommonPasswords;
  /** Texts that an attacker would try first: the e-mail, the tenant's name. */
  readonly context: readonly string[];
}

/** The words of a context text, single and joined; of an e-mail only the part before the @. */
function wordsOf(context: string): string[] {
  const text = context.replace(/@.*$/s, '').toLowerCase();
  const words = text.split(/[^\p{L}\p{N}]+/u);
  return [text, words.join(''), ...words].filter(
    (word) => Array.from(word).length >= CONTEXT_WORD_CHARACTERS_MIN,
  );
}

/**
 * Why a password is refused; null if it is accepted. There are no composition rules, because they make passwords
 * easier to guess (NIST SP 800-63B-4, section 3.1.1.2).
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
 * @param field the body's field that holds the password
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
  /** The password matches, but the hash is weaker than new ones. */
  readonly outdated: boolean;
}

/**
 * Slow, salted hashes. Verification costs the same whether or not the user exists. Tenants take turns, so that one
 * tenant's storm of sign-ins does not delay the others.
 */
export interface PasswordHasher {
  /** The result names its algorithm and cost, so that both can change later. @throws CVaultError `unavailable` */
  hash(tenantId: string, password: Secret<string>): Promise<string>;
  /**
   * @param hash null if the user does not exist: equally slow, and never matches
   * @throws CVaultError `unavailable`
   */
  verify(tenantId: string, password: Secret<string>, hash: string | null): Promise<PasswordMatch>;
}
