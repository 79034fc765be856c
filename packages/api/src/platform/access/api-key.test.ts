import { expect, test } from 'vitest';
import { generateApiKey, hashCredential, looksLikeApiKey } from './api-key.ts';

test('a key has its mode, 256 random bits and a checksum', () => {
  const { key, hash, prefix } = generateApiKey('live');
  const text = key.reveal();
  expect(text).toMatch(/^cv_live_[A-Za-z0-9_-]{43}[0-9a-f]{8}$/);
  expect(looksLikeApiKey(text)).toBe(true);
  expect(hash).toEqual(hashCredential(text));
  expect(text.startsWith(prefix)).toBe(true);
  expect(generateApiKey('test').key.reveal()).toMatch(/^cv_test_/);
});

test('neither the stored hash nor the prefix opens anything', () => {
  const { hash, prefix } = generateApiKey('live');
  for (const stored of [hash.toString('hex'), hash.toString('base64'), hash.toString('base64url'), prefix]) {
    expect(looksLikeApiKey(stored)).toBe(false);
  }
});

test('a mistyped key is detected without the database', () => {
  const text = generateApiKey('live').key.reveal();
  for (let place = 0; place < text.length; place++) {
    const changed = text.slice(0, place) + (text[place] === 'a' ? 'b' : 'a') + text.slice(place + 1);
    expect(looksLikeApiKey(changed), `place ${place}`).toBe(false);
  }
  for (const other of ['', text.slice(0, -1), `${text}0`, ` ${text}`, `${text}\n`, text.toUpperCase()]) {
    expect(looksLikeApiKey(other)).toBe(false);
  }
});

test('keys differ', () => {
  const keys = new Set(Array.from({ length: 1_000 }, () => generateApiKey('live').key.reveal()));
  expect(keys.size).toBe(1_000);
});
