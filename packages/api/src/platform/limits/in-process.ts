import type { RateLimiter } from './rate-limiter.ts';
import { RateLimiterMemory } from 'rate-limiter-flexible';

/**
 * Counts in this process. One counter per window length. The limit is compared here, so that it can differ between
 * tenants and change within a window.
 */
export function createInProcessRateLimiter(): RateLimiter {
  const counters = new Map<number, RateLimiterMemory>();
  const counterOf = (windowSeconds: number) => {
    const found = counters.get(windowSeconds);
    if (found !== undefined) return found;
    const counter = new RateLimiterMemory({ points: Number.MAX_SAFE_INTEGER, duration: windowSeconds });
    counters.set(windowSeconds, counter);
    return counter;
  };
  return {
    async consume(key, { limit, windowSeconds }) {
      const { consumedPoints, msBeforeNext } = await counterOf(windowSeconds).consume(key);
      return {
        allowed: consumedPoints <= limit,
        remaining: Math.max(0, limit - consumedPoints),
        resetSeconds: Math.max(1, Math.ceil(msBeforeNext / 1000)),
      };
    },
  };
}
