import { describe, expect, test } from 'vitest';
import { checkPassword, faultOfPassword, normalizePassword, type PasswordRules } from './passwords.ts';

const common = new Set(['password', 'passwordpassword', 'qwertyuiop12']);
const rules = (lengthMin: number): PasswordRules => ({
  lengthMin,
  common,
  context: ['jane.doe.smith@example.com', 'Test Company Inc'],
});
const LETTERS = 'abcdefghijklmnopqrstuvwxyz'.repeat(10);

describe('length', () => {
  test.each([
    [LETTERS.slice(0, 11), 12, false],
    [LETTERS.slice(0, 12), 12, true],
    [LETTERS.slice(0, 256), 12, true],
    [LETTERS.slice(0, 257), 12, false],
    ['📱💾🔑📡🔭🔬💡📷🎥📺📻🎧', 12, true],
    ['📱💾🔑📡🔭🔬💡📷🎥📺📻', 12, false],
    [LETTERS.slice(0, 12), 15, false],
  ])('%j with at least %i characters: %s', (password, lengthMin, allowed) => {
    expect(faultOfPassword(password, rules(lengthMin)) === null).toBe(allowed);
  });
});

describe('refused, however long', () => {
  test.each([
    ['a common one', 'passwordpassword'],
    ['in other case', 'PasswordPASSWORD'],
    ['in other characters', 'ｐａｓｓｗｏｒｄｐａｓｓｗｏｒｄ'],
    ['with digits that make it long enough', 'qwertyuiop12!'],
    ['with what everybody adds', 'Password1234'],
    ['one character again and again', 'x'.repeat(20)],
    ['spaces', ' '.repeat(12)],
    ['a few characters again and again', 'ab12ab12ab12'],
    ['the e-mail', 'jane.doe.smith'],
    ['the e-mail, written together', 'JaneDoeSmith1!'],
    ['the tenant’s name', 'Test Company Inc'],
    ['the tenant’s name, written together', 'testcompanyinc2026'],
  ])('%s', (_name, password) => {
    expect(faultOfPassword(password, rules(12))).toMatch(/^must not be/);
  });
});

test('a common word within a password is allowed: only the whole is compared', () => {
  for (const password of [
    'my password is long',
    'password8402913756',
    'janedoe likes tea',
    'correct horse battery',
  ]) {
    expect(faultOfPassword(password, rules(12)), password).toBeNull();
  }
});

test('the fault names the field and does not repeat the password', () => {
  expect(() => checkPassword('canary-short', rules(20), 'newPassword')).toThrow(
    expect.objectContaining({
      code: 'invalid_request',
      message: expect.not.stringContaining('canary') as string,
      faults: [{ pointer: '/newPassword', message: 'must have at least 20 characters' }],
    }),
  );
});

test('one password typed on two keyboards is the same', () => {
  expect(normalizePassword('Zoe\u0308 ﬁsh')).toBe(normalizePassword('Zoë fish'));
});
