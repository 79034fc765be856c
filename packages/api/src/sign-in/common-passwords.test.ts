import { expect, test } from 'vitest';
import { commonPasswords } from './common-passwords.ts';

test('the list is as long as NIST and ASVS require, and has the best-known passwords', () => {
  expect((commonPasswords as Set<string>).size).toBeGreaterThan(3_000);
  for (const password of ['password', '123456789', 'qwertyuiop', 'iloveyou', 'letmein']) {
    expect(commonPasswords.has(password), password).toBe(true);
  }
  expect(commonPasswords.has('correct horse battery staple')).toBe(false);
});
