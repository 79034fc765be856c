import { describe, expect, test } from 'vitest';
import { faultOfName, normalizeName } from './names.ts';

describe('refused', () => {
  test.each([
    ['a line end and a setting', 'x\nPostUp = id'],
    ['a carriage return', 'x\rPostUp'],
    ['a line separator', 'x\u2028y'],
    ['a NUL', 'x\0y'],
    ['an escape', '\u001b[31mred'],
    ['a right-to-left override', 'cod\u202Egpj.exe'],
    ['an isolate', '\u2066x\u2069'],
    ['a zero-width space', 'a\u200Bb'],
    ['a joiner between letters', 'a\u200Db'],
    ['a lone surrogate', 'a\uD800'],
    ['a byte order mark', '\uFEFFx'],
    ['10,000 characters', 'x'.repeat(10_000)],
    ['nothing but space', '   '],
  ])('%s', (_name, text) => {
    // Normalizing trims, so look at both: what is sent, and what would be kept.
    expect(faultOfName(normalizeName(text))).not.toBeNull();
  });
});

describe('allowed, and kept as it is', () => {
  test.each([
    'iPhone of Zoë',
    'Bob\'s "laptop"',
    '$(id) `id` ; rm -rf /',
    '测试设备',
    'مكتب',
    '📱 phone',
    '👨‍👩‍👧',
    'x'.repeat(100),
  ])('%s', (text) => {
    expect(faultOfName(normalizeName(text))).toBeNull();
    expect(normalizeName(text)).toBe(text);
  });
});

test('two spellings of one name are stored as one', () => {
  expect(normalizeName('Zoe\u0308')).toBe(normalizeName('Zoë'));
});
