import { CVaultError } from '../platform/errors.ts';
import type { TenantScope } from '../platform/access/tenant-scope.ts';

/** `burst` tries at once, and one more each `everySeconds`. */
export interface TryRate {
  readonly burst: number;
  readonly everySeconds: number;
}

/** What tries are counted by. */
export interface TryLimit extends TryRate {
  /** A pseudonym: it tells nothing of whom it stands for. */
  readonly subject: Buffer;
}

/** Counts tries, for all replicas together. */
export interface TryStore {
  /**
   * Takes one try from each limit, in their order, up to the first that has none left. Answers how many seconds that one
   * needs to have one again; null where all had one.
   */
  take(tenantId: string, limits: readonly TryLimit[]): Promise<number | null>;
  /** Gives back what `take` took. */
  giveBack(tenantId: string, limits: readonly TryLimit[]): Promise<void>;
}

/** Turns texts into what can be compared and not be turned back; other in each installation. */
export type Pseudonym = (...parts: readonly string[]) => Buffer;

/** Who tries. */
export interface Guesser extends TenantScope {
  /** The address that requests come from, as rate limits count it. */
  readonly client: string;
  /** What the tenant lets one client do. */
  readonly clientRate: TryRate;
}

/** Wrong passwords of one account from one client: 10 at once, 10 more in each quarter of an hour. */
const PASSWORD_OF_CLIENT: TryRate = { burst: 10, everySeconds: 90 };
/**
 * Wrong passwords of one account from all clients together. Slow, so that thousands of clients guess no more than 3,000 a
 * day; never shut, so that no stranger can keep the owner out for longer than half a minute at a time.
 */
const PASSWORD_OF_ALL: TryRate = { burst: 50, everySeconds: 30 };
/** A code has six digits and three of them are right at any time; the password was right before. */
const CODE_OF_ALL: TryRate = { burst: 10, everySeconds: 300 };

export interface GuessGuardDeps {
  readonly tries: TryStore;
  readonly pseudonym: Pseudonym;
}

/**
 * Limits how often somebody may be wrong. A try is counted before it is looked at, so that parallel ones cannot overtake
 * the count, and given back where it was right. Accounts that do not exist are counted like those that do.
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
     * A try at an account's password. Null, counted, where `look` finds it wrong.
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
     * A try at a user's second factor.
     * @throws CVaultError `rate_limited`
     */
    code<T>({ tenantId }: Guesser, userId: string, look: () => Promise<T | null>): Promise<T | null> {
      return limited(tenantId, [{ subject: pseudonym('code', tenantId, userId), ...CODE_OF_ALL }], look);
    },
  };
}

export type GuessGuard = ReturnType<typeof createGuessGuard>;
