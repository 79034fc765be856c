import { expect, test } from 'vitest';
import { readSearchDomain, readSource } from './addresses.ts';

test('a source is an address, which is the range of it, or a range', () => {
  expect(readSource('203.0.113.7')).toEqual({ text: '203.0.113.7/32' });
  expect(readSource('2001:DB8::1')).toEqual({ text: '2001:db8::1/128' });
  expect(readSource('203.0.113.0/24')).toEqual({ text: '203.0.113.0/24' });
});

test.each([
  ['office', 'must be an IP address such as 203.0.113.7 or a range such as 203.0.113.0/24'],
  ['', 'must be an IP address such as 203.0.113.7 or a range such as 203.0.113.0/24'],
  ['10.0.0.5/8', 'has bits set after its prefix: did you mean 10.0.0.0/8?'],
  ['10.0.0.0/33', 'has a prefix length over 32'],
])('the source %j is refused in words that fit it', (text, fault) => {
  expect(readSource(text)).toEqual({ fault });
});

test('a search domain is of any script, without emoji', () => {
  expect(readSearchDomain('пример.рф')).toEqual({ text: 'xn--e1afmkfd.xn--p1ai' });
  expect(readSearchDomain('i❤.ws')).toEqual({ fault: expect.stringMatching(/emoji are not/) as string });
});
