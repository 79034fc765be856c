import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { addressOf, bareForwardedFor, clientOf } from './client-address.ts';

test.each([
  ['198.51.100.7', '198.51.100.7'],
  ['::ffff:198.51.100.7', '198.51.100.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2:ffff::1', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002::', '2001:db8:1:2::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['', 'unknown'],
])('%s is the client %s', (address, client) => {
  expect(clientOf(address)).toBe(client);
});

test.each([
  ['198.51.100.7', '198.51.100.7'],
  ['::ffff:198.51.100.7', '198.51.100.7'],
  ['2001:0DB8:0001::', '2001:db8:1::'],
  ['fe80::1%eth0', 'fe80::1'],
  ['', null],
  ['unix:', null],
])('%s is the address %s', (address, canonical) => {
  expect(addressOf(address)).toBe(canonical);
});

test('clients without an address are distinguished by the proxy’s name for them', () => {
  const names = ['_hidden', '_other', 'unix:', 'x'.repeat(10_000)].map(clientOf);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^unknown:[\w-]{22}$/);
});

describe('X-Forwarded-For', () => {
  const bare = (header: string) => {
    const request = { headers: { 'x-forwarded-for': header } };
    bareForwardedFor(request as unknown as IncomingMessage);
    return request.headers['x-forwarded-for'];
  };

  test.each([
    ['203.0.113.61:40001', '203.0.113.61'],
    ['203.0.113.61', '203.0.113.61'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['"[2001:db8::1]:443"', '2001:db8::1'],
    ['[fe80::1%eth0]:80', 'fe80::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['2001:0DB8::1', '2001:db8::1'],
    ['[::ffff:203.0.113.61]:40001', '203.0.113.61'],
    ['::ffff:203.0.113.61', '203.0.113.61'],
    [' 198.51.100.7:1 ,, 10.0.0.2:3128,', '198.51.100.7, 10.0.0.2'],
    // Not an address, so it stays as it is.
    ['unknown', 'unknown'],
    ['_hidden', '_hidden'],
    ['999.1.1.1:80', '999.1.1.1:80'],
    ['203.0.113.61:', '203.0.113.61:'],
    ['203.0.113.61:99999999', '203.0.113.61:99999999'],
    ['[203.0.113.61', '[203.0.113.61'],
    ['', ''],
  ])('%s becomes %s', (header, addresses) => {
    expect(bare(header)).toBe(addresses);
  });
});
