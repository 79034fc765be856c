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
  /** One that waits for Redis as long as a busy machine takes, where no other deadline is asked for. */
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
  /** Waits until it counts in Redis: a second limiter then sees what the first has counted. */
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

  test('away, each process counts for its own: never open, never an error; back, they count together again', async () => {
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

  test('frozen, no request waits for it', async () => {
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

  test('late now and then, it lets nobody have the limit of Redis and that of the process', async () => {
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

  test('emptied, it forgives nobody whom this process has counted', async () => {
    const key = aKey();
    for (let request = 0; request < 4; request++) await limiter.consume(key, rate);
    await redis.kill();
    await redis.restart();
    const other = aLimiter();
    await untilShared(limiter, other);
    expect((await limiter.consume(key, rate)).allowed).toBe(false);
    expect((await other.consume(key, rate)).allowed, 'a process that has counted nothing').toBe(true);
  });

  test('never there, it is as if there were none', async () => {
    const lonely = aLimiter(new Secret('redis://127.0.0.1:1'));
    const key = aKey();
    const states = [];
    for (let request = 0; request < 4; request++) states.push((await lonely.consume(key, rate)).allowed);
    expect(states).toEqual([true, true, true, false]);
  });
});
