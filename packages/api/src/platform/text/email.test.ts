import { describe, expect, test } from 'vitest';
import { readEmail } from './email.ts';

describe('an address has one spelling', () => {
  test.each([
    ['jane@example.com', 'jane@example.com'],
    ['Jane@Example.COM', 'jane@example.com'],
    ['r&d@example.com', 'r&d@example.com'],
    ["o'brien+vpn/eu=1@example.com", "o'brien+vpn/eu=1@example.com"],
    ["!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"],
    ['-a_@example.com', '-a_@example.com'],
    ['ivan@xn--e1afmkfd.xn--p1ai', 'ivan@xn--e1afmkfd.xn--p1ai'],
    ['ivan@пример.рф', 'ivan@xn--e1afmkfd.xn--p1ai'],
    ['ivan@ПРИМЕР。рф', 'ivan@xn--e1afmkfd.xn--p1ai'],
    ['jane@münchen.de', 'jane@xn--mnchen-3ya.de'],
    ['x@نامه\u200Cای.com', 'x@xn--mgba3gch31f060k.com'],
    ['  jane@example.com \t\r\n', 'jane@example.com'],
    ['\u00A0jane@example.com\uFEFF', 'jane@example.com'],
    ['"jane"@example.com', 'jane@example.com'],
    ['"\\j\\a\\n\\e"@example.com', 'jane@example.com'],
    ['"jane doe"@example.com', '"jane doe"@example.com'],
    ['"a\\"b@c"@example.com', '"a\\"b@c"@example.com'],
    ['"..a"@example.com', '"..a"@example.com'],
    [`${'x'.repeat(64)}@example.com`, `${'x'.repeat(64)}@example.com`],
    ['1@1.co', '1@1.co'],
  ])('%j', (typed, canonical) => {
    expect(readEmail(typed)).toEqual({ text: canonical });
    expect(readEmail(canonical), 'what is canonical stays').toEqual({ text: canonical });
  });
});

describe('the fault says what is wrong', () => {
  test.each([
    ['.jane@example.com', /full stop at its beginning/],
    ['ja..ne@example.com', /next to another one/],
    ['jane.@example.com', /right before the @/],
    ['jane@example..com', /next to another one/],
    ['jane@.example.com', /right after the @/],
    ['jane@example.com.', /at its end/],
    ['jane@i❤.ws', /emoji are not/],
    ['jane@exa mple.com', /letters and digits of any script/],
    ['иван@example.com', /ASCII letters/],
    ['jane@', /domain such as example\.com/],
  ])('%j', (typed, fault) => {
    expect(readEmail(typed)).toEqual({ fault: expect.stringMatching(fault) as string });
  });
});

describe('refused, with one fault', () => {
  test.each([
    '',
    ' ',
    'jane',
    '@example.com',
    'jane@',
    'jane@example',
    'jane@@example.com',
    'jane doe@example.com',
    'jane.@example.com',
    '.jane@example.com',
    'ja..ne@example.com',
    'jane@example..com',
    'jane@.example.com',
    'jane@example.com.',
    'jane@-example.com',
    'jane@ex_ample.com',
    'jane@exa mple.com',
    'jane@ex\nample.com',
    'ja\r\nne@example.com',
    'jane@ex%61mple.com',
    'jane@example.com/x',
    'jane@example.com:25',
    'jane@[192.0.2.1]',
    'jane@192.0.2.1',
    'jane@1.2',
    'jane@a\u200Db.com',
    'jane@ex\u202Eample.com',
    'jane@xn--.com',
    'иван@example.com',
    '"jane"doe@example.com',
    '"ja"ne"@example.com',
    '"jane\n"@example.com',
    '""@example.com',
    'Jane <jane@example.com>',
    'jane@example.com, joe@example.com',
    'jane@example.com\nBcc: joe@example.com',
    `${'x'.repeat(65)}@example.com`,
    `x@${'a.'.repeat(130)}com`,
    `x@${'a'.repeat(64)}.com`,
    'a\0b@example.com',
  ])('%j', (typed) => {
    expect(readEmail(typed)).toEqual({ fault: expect.any(String) as string });
  });
});
