import type { Secret } from '../crypto/secret.ts';
import type { RateLimiter, RateLimitState } from './rate-limiter.ts';
import { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';

/** The longest wait for Redis. A slower answer is worth less than a local count. */
const ANSWER_DEADLINE_MS = 40;
const CONNECT_DEADLINE_MS = 2_000;
/** A connection without a response for this long is cut and reopened. */
const SILENCE_MS = 2_000;
const RETRY_MOST_MS = 2_000;

export interface RedisRateLimiterOptions {
  readonly url: Secret<string>;
  /**
   * Always counts in this process as well. While Redis is away, limits hold per process instead of per fleet, but
   * never lapse. It also counts while Redis answers: if Redis sometimes misses its deadline, as on a busy machine,
   * two counts that each see part of the requests would admit twice as many.
   */
  readonly local: RateLimiter;
  /** The longest wait for Redis in milliseconds; 40 by default. */
  readonly answerDeadlineMs?: number;
  /** Called when Redis goes away and when it returns. */
  readonly onChange?: (state: 'away' | 'back', error?: Error) => void;
}

export interface RedisRateLimiter extends RateLimiter {
  close(): void;
}

/** Counts in Redis, shared by all replicas. */
export function createRedisRateLimiter({
  url,
  local,
  answerDeadlineMs = ANSWER_DEADLINE_MS,
  onChange,
}: RedisRateLimiterOptions): RedisRateLimiter {
  const redis = new Redis(url.reveal(), {
    commandTimeout: answerDeadlineMs,
    connectTimeout: CONNECT_DEADLINE_MS,
    socketTimeout: SILENCE_MS,
    maxRetriesPerRequest: 0,
    // While Redis is away, a request is counted locally at once instead of queued.
    enableOfflineQueue: false,
    retryStrategy: (attempts) => Math.min(RETRY_MOST_MS, 50 * 2 ** attempts),
  });
  let away = false;
  const becomes = (now: boolean, error?: Error) => {
    if (away === now) return;
    away = now;
    onChange?.(now ? 'away' : 'back', error);
  };
  // Without a listener, a lost connection would end this process.
  redis.on('error', (error: Error) => becomes(true, error));
  redis.on('ready', () => becomes(false));

  const counters = new Map<number, RateLimiterRedis>();
  const counterOf = (windowSeconds: number) => {
    const found = counters.get(windowSeconds);
    if (found !== undefined) return found;
    const counter = new RateLimiterRedis({
      storeClient: redis,
      keyPrefix: `cvault:rate:${windowSeconds}`,
      points: Number.MAX_SAFE_INTEGER,
      duration: windowSeconds,
      rejectIfRedisNotReady: true,
    });
    counters.set(windowSeconds, counter);
    return counter;
  };

  return {
    async consume(key, rate) {
      const own = local.consume(key, rate);
      try {
        const { consumedPoints, msBeforeNext } = await counterOf(rate.windowSeconds).consume(key);
        becomes(false);
        return stricter(await own, {
          allowed: consumedPoints <= rate.limit,
          remaining: Math.max(0, rate.limit - consumedPoints),
          resetSeconds: Math.max(1, Math.ceil(msBeforeNext / 1000)),
        });
      } catch (error) {
        becomes(true, error instanceof Error ? error : undefined);
        return own;
      }
    },

    close() {
      redis.disconnect();
    },
  };
}

/** The stricter of two states; if both have the same remainder, the one that resets later. */
function stricter(one: RateLimitState, other: RateLimitState): RateLimitState {
  if (one.allowed !== other.allowed) return one.allowed ? other : one;
  if (one.remaining !== other.remaining) return one.remaining < other.remaining ? one : other;
  return one.resetSeconds > other.resetSeconds ? one : other;
}
