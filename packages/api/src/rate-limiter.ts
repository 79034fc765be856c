import type { RateLimiter, Secret } from '@cvault/core';
import type { Logger } from 'pino';
import { createInProcessRateLimiter } from './limits/in-process.ts';
import { createRedisRateLimiter } from './redis/rate-limiter.ts';

export interface ClosableRateLimiter extends RateLimiter {
  close(): void;
}

/** Counts in Redis where there is one, else in this process; in this process also while Redis is away. */
export function createRateLimiter(redisUrl: Secret<string> | null, log: Logger): ClosableRateLimiter {
  const inProcess = createInProcessRateLimiter();
  if (redisUrl === null) return { ...inProcess, close: () => undefined };
  return createRedisRateLimiter({
    url: redisUrl,
    fallback: inProcess,
    onChange: (state, error) =>
      state === 'away'
        ? log.warn({ err: error }, 'Redis is away: each process counts requests for its own')
        : log.info('Redis is back: requests are counted for all processes together'),
  });
}
