import { expect, test } from 'vitest';
import { InvalidEndpoint, formatEndpoint, parseEndpoint } from './index.ts';

test.each([
  ['203.0.113.7:51820', { host: '203.0.113.7', port: 51820 }],
  ['[2001:db8::7]:1', { host: '2001:db8::7', port: 1 }],
  ['vpn-1.example.com:65535', { host: 'vpn-1.example.com', port: 65535 }],
  ['localhost:51820', { host: 'localhost', port: 51820 }],
])('%s is read, and written back the same', (text, endpoint) => {
  expect(parseEndpoint(text)).toEqual(endpoint);
  expect(formatEndpoint(endpoint)).toBe(text);
});

test('has one canonical form', () => {
  expect(formatEndpoint({ host: '2001:0DB8:0::7', port: 51820 })).toBe('[2001:db8::7]:51820');
  expect(formatEndpoint({ host: 'VPN.Example.com', port: 51820 })).toBe('vpn.example.com:51820');
  expect(parseEndpoint('[2001:0DB8:0::7]:51820')).toEqual({ host: '2001:db8::7', port: 51820 });
});

test.each([
  ...[
    '',
    ' ',
    '.',
    'a..b',
    '.a',
    'a.',
    '-a',
    'a-',
    'a_b',
    'a b',
    'a/b',
    'a#b',
    'a\nb',
    'a\n',
    'a\0',
    'ä.example',
    '\u212aelvin',
  ],
  ...[
    '010.0.0.1',
    '0x7f.1',
    '127.1',
    '2130706433',
    '1.2.3.4.5',
    '256.1.1.1',
    'a.1',
    '::ffff:1.2.3.4',
    'fe80::1%eth0',
  ],
  ...[
    '[::1]',
    '0.0.0.0',
    '::',
    'a:1',
    `${'a'.repeat(64)}.com`,
    'a.'.repeat(127) + 'com',
    '$(id)',
    '`id`',
    'a;b',
    "a'b",
  ],
])('the host %j is refused', (host) => {
  expect(() => formatEndpoint({ host, port: 51820 })).toThrow(InvalidEndpoint);
});

test.each([0, -1, 65536, 1.5, NaN, Infinity, '51820', '1\nPostUp = id', null, undefined])(
  'the port %j is refused',
  (port) => {
    expect(() => formatEndpoint({ host: '203.0.113.7', port: port as number })).toThrow(InvalidEndpoint);
  },
);

test.each([
  ...[
    '203.0.113.7',
    '203.0.113.7:',
    ':51820',
    '203.0.113.7:0',
    '203.0.113.7:051820',
    '203.0.113.7:65536',
    '203.0.113.7:99999',
  ],
  ...[
    '203.0.113.7:http',
    '203.0.113.7: 51820',
    '2001:db8::7:51820',
    '[203.0.113.7]:51820',
    '[vpn.example]:1',
    '[::1:51820',
  ],
])('the text %j is refused', (text) => {
  expect(() => parseEndpoint(text)).toThrow(InvalidEndpoint);
});

test('a port alone is refused with a clear message', () => {
  expect(() => parseEndpoint('51820')).toThrow('is not a host and a port');
});
