import { expect, test } from 'vitest';
import { InvalidValue } from './invalid-value.ts';
import { parseSearchDomain } from './search-domain.ts';

test.each([
  ['corp.example.com', 'corp.example.com'],
  ['Corp.Example.COM.', 'corp.example.com'],
  ['lan', 'lan'],
  ['xn--e1afmkfd.xn--p1ai', 'xn--e1afmkfd.xn--p1ai'],
  ['10.in-addr.arpa', '10.in-addr.arpa'],
  [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
])('%j is the domain %j', (text, domain) => {
  expect(parseSearchDomain(text)).toBe(domain);
});

test.each([
  '',
  '.',
  'a..b',
  '.example.com',
  'example.com..',
  '-a.example',
  'a-.example',
  'exa mple.com',
  'example.com\n',
  'example.com\nPostUp = id',
  'example.com\r',
  'a.example,b.example',
  'a.example, 8.8.8.8',
  '~example.com',
  'example.com#x',
  '1.1.1.1',
  '8',
  'a.1',
  'fd00::1',
  '*.example.com',
  'a_b.example',
  'пример.рф',
  `${'a'.repeat(64)}.example`,
  `${'a.'.repeat(127)}com`,
])('%j is none', (text) => {
  expect(() => parseSearchDomain(text)).toThrow(InvalidValue);
});
