import type { RateLimiter, Secret } from '@cvault/core';
import { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';

/** A Redis that takes longer is worth less than a local count: no request waits for it any longer than this. */
const ANSWER_DEADLINE_MS = 40;
const CONNECT_DEADLINE_MS = 2_000;
/** A connection on which nothing comes back for this long is cut, and opened anew. */
const SILENCE_MS = 2_000;
const RETRY_MOST_MS = 2_000;

export interface RedisRateLimiterOptions {
  readonly url: Secret<string>;
  /** Counts while Redis is away: a limit per process instead of one for all, and never none. */
  readonly fallback: RateLimiter;
  /** Called when Redis goes away and when it is back. */
  readonly onChange?: (state: 'away' | 'back', error?: Error) => void;
}

export interface RedisRateLimiter extends RateLimiter {
  close(): void;
}

/** Counts in Redis, for all replicas together. */
export function createRedisRateLimiter({
  url,
  fallback,
  onChange,
}: RedisRateLimiterOptions): RedisRateLimiter {
  const redis = new Redis(url.reveal(), {
    commandTimeout: ANSWER_DEADLINE_MS,
    connectTimeout: CONNECT_DEADLINE_MS,
    socketTimeout: SILENCE_MS,
    maxRetriesPerRequest: 0,
    // A request that comes while it is away is counted here at once, not when it is back.
    enableOfflineQueue: false,
    retryStrategy: (attempts) => Math.min(RETRY_MOST_MS, 50 * 2 ** attempts),
  });
  let away = false;
  const becomes = (now: boolean, error?: Error) => {
    if (away === now) return;
    away = now;
    onChange?.(now ? 'away' : 'back', error);
  };
  // Without a listener, the loss of the connection ends this process.
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
      try {
        const { consumedPoints, msBeforeNext } = await counterOf(rate.windowSeconds).consume(key);
        becomes(false);
        return {
          allowed: consumedPoints <= rate.limit,
          remaining: Math.max(0, rate.limit - consumedPoints),
          resetSeconds: Math.max(1, Math.ceil(msBeforeNext / 1000)),
        };
      } catch (error) {
        becomes(true, error instanceof Error ? error : undefined);
        return fallback.consume(key, rate);
      }
    },

    close() {
      redis.disconnect();
    },
  };
}
