import { Secret } from '../platform/crypto/secret.ts';
import { hash as bcrypt } from '@node-rs/bcrypt';
import { describe, expect, test } from 'vitest';
import { createPasswordHasher } from './password-hasher.ts';

const hasher = createPasswordHasher(4);
const secret = (text: string) => new Secret(text);
const matches = async (typed: string, stored: string) =>
  (await hasher.verify('tenant-a', secret(typed), await hasher.hash('tenant-a', secret(stored)))).matches;

test('the stored text is bcrypt, with its cost and the preparation of the password', async () => {
  expect(await createPasswordHasher(5).hash('tenant-a', secret('x'))).toMatch(
    /^\$2b\$05\$[./A-Za-z0-9]{53}\$hs384$/,
  );
});

describe('every character counts', () => {
  test.each([
    ['one behind the 72nd byte', `${'x'.repeat(80)}a`, `${'x'.repeat(80)}b`],
    ['one behind a NUL', 'before\0after', 'before\0other'],
    ['a NUL at the end', 'password-1234\0', 'password-1234'],
    ['a space at the end', 'password-1234 ', 'password-1234'],
    ['the case', 'Password-1234', 'password-1234'],
    ['an emoji of several', '👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧', '👨‍👩‍👦👨‍👩‍👧👨‍👩‍👧'],
  ])('%s', async (_name, one, other) => {
    expect(await matches(one, one)).toBe(true);
    expect(await matches(one, other)).toBe(false);
  });
});

test('two Unicode spellings are one password', async () => {
  expect(await matches('Zoe\u0308-is-my-name', 'Zoë-is-my-name')).toBe(true);
});

test('two users with one password have two hashes', async () => {
  expect(await hasher.hash('tenant-a', secret('same'))).not.toBe(
    await hasher.hash('tenant-a', secret('same')),
  );
});

test('without a user nothing matches, not even the dummy’s password', async () => {
  for (const password of ['', 'nobody', 'x'.repeat(256)]) {
    expect(await hasher.verify('tenant-a', secret(password), null)).toEqual({
      matches: false,
      outdated: false,
    });
  }
});

test('without a user it takes as long as with one, so that time does not reveal who exists', async () => {
  const careful = createPasswordHasher(10);
  const stored = await careful.hash('tenant-a', new Secret('a password'));
  const fastest = async (hash: string | null) => {
    const times = [];
    for (let n = 0; n < 5; n++) {
      const start = performance.now();
      await careful.verify('tenant-a', new Secret('another password'), hash);
      times.push(performance.now() - start);
    }
    return Math.min(...times);
  };
  // Skipping the hash takes a hundredth of the time; anything in between is noise.
  expect(await fastest(null)).toBeGreaterThan((await fastest(stored)) / 3);
});

test('a weaker or imported hash still matches and is reported as outdated', async () => {
  const weak = await createPasswordHasher(4).hash('tenant-a', secret('p'));
  const stronger = createPasswordHasher(5);
  expect(await stronger.verify('tenant-a', secret('p'), weak)).toEqual({ matches: true, outdated: true });
  expect(await stronger.verify('tenant-a', secret('q'), weak)).toEqual({ matches: false, outdated: false });
  const imported = await bcrypt('p', { cost: 5 });
  expect(await stronger.verify('tenant-a', secret('p'), imported)).toEqual({ matches: true, outdated: true });
  expect(
    await stronger.verify('tenant-a', secret('p'), await stronger.hash('tenant-a', secret('p'))),
  ).toEqual({
    matches: true,
    outdated: false,
  });
});

test('an invalid hash matches nothing', async () => {
  for (const stored of ['', 'none', '$2b$04$short$hs384', 'plain-password']) {
    expect((await hasher.verify('tenant-a', secret('plain-password'), stored)).matches).toBe(false);
  }
});

test('work beyond the queue’s limit is refused, and queued work is done', async () => {
  const busy = createPasswordHasher(4, { running: 1, waiting: 2 });
  const results = await Promise.allSettled(
    Array.from({ length: 5 }, () => busy.hash('tenant-a', secret('p'))),
  );
  expect(results.map((result) => result.status)).toEqual([
    'fulfilled',
    'fulfilled',
    'fulfilled',
    'rejected',
    'rejected',
  ]);
  expect(results[4]).toMatchObject({ reason: { code: 'unavailable', retryAfterSeconds: 2 } });
  await expect(busy.hash('tenant-a', secret('p'))).resolves.toBeTypeOf('string');
});

test('one tenant’s storm of sign-ups does not displace another tenant', async () => {
  const busy = createPasswordHasher(4, { running: 1, waiting: 8 });
  const order: string[] = [];
  const hash = (tenantId: string) =>
    busy.hash(tenantId, secret('p')).then(
      () => order.push(tenantId),
      () => order.push(`${tenantId} refused`),
    );
  await Promise.all([...Array.from({ length: 100 }, () => hash('storm')), hash('other')]);
  expect(order).not.toContain('other refused');
  // Behind the work that already ran, and one entry of the storm.
  expect(order.filter((entry) => !entry.endsWith('refused')).indexOf('other')).toBeLessThanOrEqual(2);
});
