import { randomUUID } from 'node:crypto';
import type { RateLimiter } from '../platform/limits/rate-limiter.ts';
import { expect, test } from 'vitest';

/** The contract of every rate limiter. */
export function rateLimiterContract(limiter: () => RateLimiter): void {
  const rate = { limit: 3, windowSeconds: 60 };
  const aKey = () => `client-${randomUUID()}`;

  test('allows as many as the limit, and reports the rest', async () => {
    const key = aKey();
    const states = [];
    for (let request = 0; request < 5; request++) states.push(await limiter().consume(key, rate));
    expect(states.map((state) => state.allowed)).toEqual([true, true, true, false, false]);
    expect(states.map((state) => state.remaining)).toEqual([2, 1, 0, 0, 0]);
    for (const { resetSeconds } of states) {
      expect(resetSeconds).toBeGreaterThan(0);
      expect(resetSeconds).toBeLessThanOrEqual(60);
      expect(Number.isInteger(resetSeconds)).toBe(true);
    }
  });

  test('is exact under concurrency', async () => {
    const key = aKey();
    const states = await Promise.all(
      Array.from({ length: 200 }, () => limiter().consume(key, { limit: 100, windowSeconds: 60 })),
    );
    expect(states.filter((state) => state.allowed)).toHaveLength(100);
  });

  test('counts clients separately', async () => {
    const [one, two] = [aKey(), aKey()];
    for (let request = 0; request < 4; request++) await limiter().consume(one, rate);
    expect((await limiter().consume(two, rate)).allowed).toBe(true);
  });

  test('a changed limit affects the current window', async () => {
    const key = aKey();
    for (let request = 0; request < 4; request++) await limiter().consume(key, rate);
    expect(await limiter().consume(key, { limit: 10, windowSeconds: 60 })).toMatchObject({
      allowed: true,
      remaining: 5,
    });
    expect((await limiter().consume(key, { limit: 2, windowSeconds: 60 })).allowed).toBe(false);
  });

  test('starts again after the window', async () => {
    const key = aKey();
    const short = { limit: 1, windowSeconds: 1 };
    expect((await limiter().consume(key, short)).allowed).toBe(true);
    expect((await limiter().consume(key, short)).allowed).toBe(false);
    await expect
      .poll(async () => (await limiter().consume(key, short)).allowed, { timeout: 5_000 })
      .toBe(true);
  });

  test('treats hostile keys as plain names', async () => {
    for (const name of ['', ' ', '\r\nFLUSHALL\r\n', '*', '{tag}', '__proto__', 'x'.repeat(5_000), '🔑']) {
      const key = aKey() + name;
      expect((await limiter().consume(key, { limit: 1, windowSeconds: 60 })).allowed).toBe(true);
      expect((await limiter().consume(key, { limit: 1, windowSeconds: 60 })).allowed).toBe(false);
    }
  });
}
