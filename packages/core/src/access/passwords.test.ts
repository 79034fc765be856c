import { describe, expect, test } from 'vitest';
import { checkPassword, faultOfPassword, normalizePassword } from './passwords.ts';

describe('length', () => {
  test.each([
    ['x'.repeat(11), 12, false],
    ['x'.repeat(12), 12, true],
    ['x'.repeat(256), 12, true],
    ['x'.repeat(257), 12, false],
    ['📱'.repeat(12), 12, true],
    ['📱'.repeat(11), 12, false],
    ['📱'.repeat(256), 12, true],
    ['x'.repeat(12), 15, false],
    ['            ', 12, true],
  ])('%j with at least %i characters: %s', (password, lengthMin, allowed) => {
    expect(faultOfPassword(password, lengthMin) === null).toBe(allowed);
  });
});

test('the fault points at the field, and does not repeat the password', () => {
  expect(() => checkPassword('canary-short', 20)).toThrow(
    expect.objectContaining({
      code: 'invalid_request',
      message: expect.not.stringContaining('canary') as string,
      faults: [{ pointer: '/password', message: 'must have at least 20 characters' }],
    }),
  );
});

test('one password typed on two keyboards is one', () => {
  expect(normalizePassword('Zoe\u0308 ﬁsh')).toBe(normalizePassword('Zoë fish'));
});
