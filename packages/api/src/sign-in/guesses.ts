import { CVaultError } from '../platform/errors.ts';
import type { TenantScope } from '../platform/access/tenant-scope.ts';
import { CODE_OF_ALL, PASSWORD_OF_ALL, PASSWORD_OF_CLIENT } from '../platform/limits/limits.ts';

/** `burst` tries at once, and one more every `everySeconds`. */
interface TryRate {
  readonly burst: number;
  readonly everySeconds: number;
}

/** A limit and the subject that it counts. */
export interface TryLimit extends TryRate {
  /** A pseudonym that reveals nothing about its subject. */
  readonly subject: Buffer;
}

/** Counts tries across all replicas. */
export interface TryStore {
  /**
   * Takes a try from each limit in order, up to the first without any left. Returns the seconds until that one has
   * a try again; null if all had one.
   */
  take(tenantId: string, limits: readonly TryLimit[]): Promise<number | null>;
  /** Returns the tries that `take` took. */
  giveBack(tenantId: string, limits: readonly TryLimit[]): Promise<void>;
}

/** A one-way function over texts, different in each installation. Equal inputs give equal results. */
export type Pseudonym = (...parts: readonly string[]) => Buffer;

/** The sender of a try. */
export interface Guesser extends TenantScope {
  /** The client address, as rate limits count it. */
  readonly client: string;
  /** The tenant's limit per client. */
  readonly clientRate: TryRate;
}

export interface GuessGuardDeps {
  readonly tries: TryStore;
  readonly pseudonym: Pseudonym;
}

/**
 * Limits wrong guesses. A try is counted before it is checked, so that concurrent ones cannot exceed the limit, and
 * returned if it was correct. Accounts that do not exist are counted in the same way.
 */
export function createGuessGuard({ tries, pseudonym }: GuessGuardDeps) {
  async function limited<T>(
    tenantId: string,
    limits: readonly TryLimit[],
    look: () => Promise<T | null>,
  ): Promise<T | null> {
    const retryAfterSeconds = await tries.take(tenantId, limits);
    if (retryAfterSeconds !== null) {
      throw new CVaultError(
        'rate_limited',
        'Too many wrong passwords or codes. Wait as many seconds as Retry-After says.',
        { retryAfterSeconds },
      );
    }
    let found: T | null;
    try {
      found = await look();
    } catch (error) {
      await tries.giveBack(tenantId, limits);
      throw error;
    }
    if (found !== null) await tries.giveBack(tenantId, limits);
    return found;
  }

  return {
    /**
     * Checks an account's password. If `look` returns null, the try counts and the result is null.
     * @throws CVaultError `rate_limited`
     */
    password<T>(
      { tenantId, mode, client, clientRate }: Guesser,
      email: string,
      look: () => Promise<T | null>,
    ): Promise<T | null> {
      const limits = [
        { subject: pseudonym('client', tenantId, client), ...clientRate },
        { subject: pseudonym('password', tenantId, mode, email, client), ...PASSWORD_OF_CLIENT },
        { subject: pseudonym('password', tenantId, mode, email), ...PASSWORD_OF_ALL },
      ];
      return limited(tenantId, limits, look);
    },

    /**
     * Checks a user's second factor in the same way.
     * @throws CVaultError `rate_limited`
     */
    code<T>({ tenantId }: Guesser, userId: string, look: () => Promise<T | null>): Promise<T | null> {
      return limited(tenantId, [{ subject: pseudonym('code', tenantId, userId), ...CODE_OF_ALL }], look);
    },
  };
}

export type GuessGuard = ReturnType<typeof createGuessGuard>;
