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
    ['a non-joiner between letters that do not join', 'a\u200Cb'],
    ['a non-joiner at the end', 'نامه\u200C'],
    ['a non-joiner at the beginning', '\u200Cنامه'],
    ['two non-joiners', 'نامه\u200C\u200Cای'],
    ['a non-joiner after a letter that joins nothing', 'دا\u200Cر'.slice(0, 2) + '\u200C\u0621'],
    ['a joiner between Persian letters', 'نامه\u200Dای'],
    ['a joiner without a virama', 'क\u200Dष'],
    ['a joiner after an emoji alone', '👨\u200D'],
    ['tags that are no flag', '\u{1F3F4}\u{E0061}\u{E0062}\u{E007F}'],
    ['tags alone', 'a\u{E0061}'],
    ['a soft hyphen', 'a\u00ADb'],
    ['an Arabic letter mark', 'نا\u061Cمه'],
    ['an override beside a joiner that is right', 'می\u200Cخواهم\u202E'],
    ['a lone surrogate', 'a\uD800'],
    ['a byte order mark', '\uFEFFx'],
    ['a letter that is drawn as nothing', '\u3164'],
    ['an empty pattern of Braille', '\u2800'],
    ['a combining joiner', 'a\u034Fb'],
    ['a shape selector alone', '\uFE0F'],
    ['a shape selector after a letter', 'a\uFE0F'],
    ['a Mongolian selector after a letter of others', 'a\u180B'],
    ['a vowel that is drawn as nothing', '\u17B4'],
    ['10,000 characters', 'x'.repeat(10_000)],
    ['nothing but space', '   '],
  ])('%s', (_name, text) => {
    // Normalizing trims, so both the sent and the stored form are checked.
    expect(faultOfName(normalizeName(text))).not.toBeNull();
  });
});

describe('allowed, and stored unchanged', () => {
  test.each([
    'iPhone of Zoë',
    'Bob\'s "laptop"',
    '$(id) `id` ; rm -rf /',
    '测试设备',
    'مكتب',
    '📱 phone',
    'ᠮᠣᠩᠭᠣᠯ\u180B',
    '葛\u{E0100}城',
    '👨‍👩‍👧',
    '🧑🏻‍❤️‍💋‍🧑🏼',
    '🏳️‍🌈 🏴‍☠️ 1️⃣',
    '🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F} London',
    'گوشی نامه\u200Cای',
    'می\u200Cخواهم',
    'خانه\u200Cٔ من'.replace('\u200Cٔ', 'ٔ'),
    'کِتابِ\u200Cمَن'.normalize('NFC'),
    'क्\u200Dष',
    'क्\u200Cष',
    'ශ්\u200Dරී ලංකා',
    'മന്\u200D',
    'x'.repeat(100),
  ])('%s', (text) => {
    expect(faultOfName(normalizeName(text))).toBeNull();
    expect(normalizeName(text)).toBe(text);
  });
});

test('two spellings of one name are stored as one', () => {
  expect(normalizeName('Zoe\u0308')).toBe(normalizeName('Zoë'));
});
