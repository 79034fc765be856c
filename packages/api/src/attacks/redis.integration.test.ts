/** Redis keeps nothing about people except counters by id and address, for the length of their window. */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createInProcessRateLimiter } from '../platform/limits/in-process.ts';
import { createRedisRateLimiter, type RedisRateLimiter } from '../platform/limits/redis.ts';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { hasRedis, startTestRedis, type TestRedis } from '../testing/redis-server.ts';
import { createWholeApi, type SignedInUser, signUp, type WholeApi } from '../testing/whole-api.ts';

describe.skipIf(!hasRedis)('canaries', () => {
  let server: TestRedis;
  let limiter: RedisRateLimiter;
  let redis: Redis;
  let database: TestDatabase;
  let api: WholeApi;
  let alice: SignedInUser;

  beforeAll(async () => {
    server = await startTestRedis();
    redis = new Redis(server.url.reveal());
    limiter = createRedisRateLimiter({ url: server.url, local: createInProcessRateLimiter() });
    database = await createTestDatabase();
    api = await createWholeApi(database, {}, limiter);
    alice = await signUp(api, 'Acme');
  });
  afterAll(async () => {
    await api?.close();
    await database?.close();
    limiter?.close();
    redis?.disconnect();
    await server?.close();
  });

  test('no secret, no name, no e-mail; and every key expires with its window', async () => {
    const email = `canary-${randomUUID()}@example.com`;
    const password = `canary ${randomUUID()}`;
    const key = { 'x-api-key': alice.headers['x-api-key']! };
    const post = (path: string, payload: object) =>
      api.app.inject({ method: 'POST', url: `/api/v1${path}`, headers: key, payload });
    const registered = await post('/auth/register', { email, password });
    const { accessToken, refreshToken } = registered.json<{ accessToken: string; refreshToken: string }>();
    await post('/auth/login', { email, password });
    await post('/auth/login', { email, password: `wrong ${password}` });
    await post('/auth/forgot-password', { email });
    await alice.call('POST', '/devices', { deviceName: `canary ${password}` });

    const keys = await redis.keys('*');
    expect(keys.length).toBeGreaterThan(3);
    const seen = await Promise.all(
      keys.map(async (name) => ({ name, value: await redis.get(name), ttl: await redis.pttl(name) })),
    );
    for (const { name, ttl } of seen) expect(ttl, name).toBeGreaterThan(0);
    const all = JSON.stringify(seen);
    for (const canary of [email, password, accessToken, refreshToken, key['x-api-key'], 'canary']) {
      expect(all).not.toContain(canary);
    }
    process.stdout.write(`attacks: ${seen.length} keys in Redis, no canary in them\n`);
  });
});
