import { randomUUID } from 'node:crypto';
import { Secret } from '../crypto/secret.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createInProcessRateLimiter } from '../limits/in-process.ts';
import { rateLimiterContract } from '../../testing/rate-limiter-contract.ts';
import { hasRedis, startTestRedis, type TestRedis } from '../../testing/redis-server.ts';
import { createRedisRateLimiter, type RedisRateLimiter } from './redis.ts';

const rate = { limit: 3, windowSeconds: 60 };
const aKey = () => `client-${randomUUID()}`;

describe.skipIf(!hasRedis)('in Redis', () => {
  let redis: TestRedis;
  let limiter: RedisRateLimiter;
  let changes: string[] = [];
  const open: RedisRateLimiter[] = [];
  /** A limiter that by default waits for Redis as long as a busy machine needs. */
  function aLimiter(url = redis.url, answerDeadlineMs = 10_000): RedisRateLimiter {
    const made = createRedisRateLimiter({
      url,
      local: createInProcessRateLimiter(),
      answerDeadlineMs,
      onChange: (state) => changes.push(state),
    });
    open.push(made);
    return made;
  }
  /** Waits until the limiter counts in Redis: a second one then sees its counts. */
  async function untilShared(one: RedisRateLimiter, two: RedisRateLimiter): Promise<void> {
    await vi.waitFor(
      async () => {
        const key = aKey();
        await one.consume(key, rate);
        expect((await two.consume(key, rate)).remaining).toBe(1);
      },
      { timeout: 10_000 },
    );
  }

  beforeAll(async () => {
    redis = await startTestRedis();
    limiter = aLimiter();
    await untilShared(limiter, aLimiter());
  });
  afterAll(async () => {
    for (const each of open) each.close();
    await redis.close();
  });

  rateLimiterContract(() => limiter);

  test('two replicas count together', async () => {
    const other = aLimiter();
    await untilShared(limiter, other);
    const key = aKey();
    const both = [limiter, other];
    const states = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        both[index % 2]!.consume(key, { limit: 100, windowSeconds: 60 }),
      ),
    );
    expect(states.filter((state) => state.allowed)).toHaveLength(100);
  });

  test('while Redis is away, each process counts alone without errors; afterwards they count together again', async () => {
    const other = aLimiter();
    await untilShared(limiter, other);
    changes = [];
    await redis.kill();
    const key = aKey();
    const states = [];
    for (let request = 0; request < 5; request++) states.push((await limiter.consume(key, rate)).allowed);
    expect(states).toEqual([true, true, true, false, false]);
    expect(changes).toContain('away');
    await redis.restart();
    await untilShared(limiter, other);
    expect(changes).toContain('back');
  });

  test('no request waits for a frozen Redis', async () => {
    const hasty = aLimiter(redis.url, 40);
    const other = aLimiter();
    await untilShared(hasty, other);
    redis.freeze();
    try {
      const key = aKey();
      const states = await Promise.all(Array.from({ length: 50 }, () => hasty.consume(key, rate)));
      expect(states.filter((state) => state.allowed)).toHaveLength(3);
    } finally {
      redis.thaw();
    }
    await untilShared(hasty, other);
  });

  test('a Redis that is sometimes late does not double the limit', async () => {
    const hasty = aLimiter(redis.url, 40);
    const other = aLimiter();
    await untilShared(hasty, other);
    const key = aKey();
    const allowed: boolean[] = [];
    try {
      for (let request = 0; request < 3; request++) allowed.push((await hasty.consume(key, rate)).allowed);
      redis.freeze();
      for (let request = 0; request < 3; request++) allowed.push((await hasty.consume(key, rate)).allowed);
    } finally {
      redis.thaw();
    }
    await untilShared(hasty, other);
    allowed.push((await hasty.consume(key, rate)).allowed);
    expect(allowed).toEqual([true, true, true, false, false, false, false]);
  });

  test('an emptied Redis does not reset the counts of this process', async () => {
    const key = aKey();
    for (let request = 0; request < 4; request++) await limiter.consume(key, rate);
    await redis.kill();
    await redis.restart();
    const other = aLimiter();
    await untilShared(limiter, other);
    expect((await limiter.consume(key, rate)).allowed).toBe(false);
    expect((await other.consume(key, rate)).allowed, 'a process that has counted nothing').toBe(true);
  });

  test('a Redis that never answers is the same as none', async () => {
    const lonely = aLimiter(new Secret('redis://127.0.0.1:1'));
    const key = aKey();
    const states = [];
    for (let request = 0; request < 4; request++) states.push((await lonely.consume(key, rate)).allowed);
    expect(states).toEqual([true, true, true, false]);
  });
});
