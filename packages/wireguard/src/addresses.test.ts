import { BlockList } from 'node:net';
import { describe, expect, test } from 'vitest';
import {
  InvalidAddress,
  InvalidCidr,
  cidrsOverlap,
  formatAddress,
  hostRange,
  isIpInCidr,
  parseAddress,
  parseCidr,
  parseIpv4Cidr,
  parseRoute,
} from './index.ts';

/** For test names: shortens long texts. */
function named(texts: string[]): [string, string][] {
  return texts.map((text) => [text.slice(0, 40), text]);
}

/** Texts that some program accepts as an address. */
const NOT_ADDRESSES = [
  ...[
    '010.0.0.1',
    '10.0.0.01',
    '00.0.0.0',
    '0x7f.0.0.1',
    '0x7f000001',
    '2130706433',
    '127.1',
    '10.8.0',
    '1.2.3.4.5',
  ],
  ...[
    '256.0.0.1',
    '-1.0.0.1',
    '+1.0.0.1',
    '1e1.0.0.1',
    '1..2.3',
    '.1.2.3',
    '1.2.3.',
    '10.8.0.2.',
    '１0.0.0.1',
    '١.0.0.1',
  ],
  ...[
    '',
    ' ',
    '.',
    ':',
    ':::',
    '10.8.0.2 ',
    ' 10.8.0.2',
    '10.8.0.2\n',
    '\t10.8.0.2',
    '10.8.0.2\0',
    '10.8.0.2\u2028',
    '10.8.0.2#',
  ],
  ...['10.8.0.2/32', '10.8.0.2:53', '10.8.0.2,10.8.0.3', '*', 'localhost', 'any', '[::1]', '::1]', '[::1'],
  ...[
    '::ffff:10.0.0.1',
    '::FFFF:10.0.0.1',
    '::ffff:a00:1',
    '0:0:0:0:0:ffff:a00:1',
    '::ffff:0:0',
    '::10.0.0.1',
    '64:ff9b::1.2.3.4',
  ],
  ...[
    'fe80::1%eth0',
    'fe80::1%',
    '::1%0',
    '::1::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::1',
  ],
  ...[
    '12345::',
    'g::',
    '::-1',
    '0x1::',
    ':1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7:',
    'fd00::2 ',
    'fd00::2\r\n',
    'ｆd00::2',
  ],
  ...['1'.repeat(100_000), ':'.repeat(100_000), '1.'.repeat(50_000)],
];

const NOT_CIDRS = [
  ...NOT_ADDRESSES.filter((text) => text !== '10.8.0.2/32').map((text) => `${text}/24`),
  ...[
    '10.0.0.0',
    '::',
    '10.0.0.0/',
    '/24',
    '/',
    '10.0.0.0//8',
    '10.0.0.0/8/8',
    '10.0.0.0/08',
    '10.0.0.0/+8',
    '10.0.0.0/-8',
  ],
  ...[
    '10.0.0.0/ 8',
    '10.0.0.0 /8',
    '10.0.0.0/8 ',
    '10.0.0.0/8\n',
    '10.0.0.0/8.0',
    '10.0.0.0/0x8',
    '10.0.0.0/1e1',
    '10.0.0.0/８',
  ],
  ...[
    '10.0.0.0/33',
    '10.0.0.0/128',
    '10.0.0.0/4294967304',
    '::/129',
    '10.0.0.0/255.0.0.0',
    '10.0.0.0/8,',
    '10.0.0.0\\8',
  ],
  ...['10.0.0.1/8', '10.8.0.0/12', '10.8.0.3/31', 'fd00::1/64', '2001:db8::1/127', '128.0.0.0/0', '::1/0'],
  ...['::ffff:10.0.0.0/104', '::ffff:0:0/96'],
];

/** The same numbers in every run, so that failures are reproducible (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Addresses with many zero groups, which have the difficult canonical forms. */
function randomAddress(random: () => number, family: 4 | 6) {
  const [groups, size] = family === 4 ? [4, 8n] : [8, 16n];
  let value = 0n;
  for (let group = 0; group < groups; group++) {
    value = (value << size) | (random() < 0.4 ? 0n : BigInt(Math.floor(random() * 2 ** Number(size))));
  }
  return { family, value };
}

/** WHATWG URL's form of an IPv6 address: an independent implementation of RFC 5952. */
function urlSpelling(text: string): string {
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}

describe('an address', () => {
  test.each(named(NOT_ADDRESSES))('%j is refused', (_name, text) => {
    expect(() => parseAddress(text)).toThrow(InvalidAddress);
  });

  test.each([
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['10.8.0.2', '10.8.0.2'],
    ['::', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:0DB8::0002', '2001:db8::2'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:0:2:3:0:0:4', '1::2:3:0:0:4'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['0:2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['1:2::', '1:2::'],
    ['::fffe:a00:1', '::fffe:a00:1'],
  ])('%s is written %s', (text, canonical) => {
    expect(formatAddress(parseAddress(text))).toBe(canonical);
  });

  test('is the same after writing and reading, in the standard form', () => {
    const random = randomNumbers(1);
    for (let round = 0; round < 5000; round++) {
      const v4 = randomAddress(random, 4);
      expect(parseAddress(formatAddress(v4))).toEqual(v4);
      const v6 = randomAddress(random, 6);
      if (v6.value >> 32n === 0xffffn) continue;
      const text = formatAddress(v6);
      expect(parseAddress(text)).toEqual(v6);
      expect(text).toBe(urlSpelling(text));
      const long = v6.value
        .toString(16)
        .toUpperCase()
        .padStart(32, '0')
        .replace(/(.{4})(?!$)/g, '$1:');
      expect(parseAddress(long)).toEqual(v6);
    }
  });
});

describe('a range', () => {
  test.each(named(NOT_CIDRS))('%j is refused', (_name, text) => {
    expect(() => parseRoute(text)).toThrow(InvalidCidr);
    expect(() => parseCidr(text)).toThrow(InvalidCidr);
  });

  test('that covers everything is only valid as a route', () => {
    expect(parseRoute('0.0.0.0/0').canonical).toBe('0.0.0.0/0');
    expect(parseRoute('0:0::/0').canonical).toBe('::/0');
    expect(() => parseCidr('0.0.0.0/0')).toThrow('covers every address');
    expect(() => parseCidr('::/0')).toThrow('covers every address');
    expect(() => parseIpv4Cidr('0.0.0.0/0')).toThrow('covers every address');
  });

  test('has its parts', () => {
    expect(parseCidr('10.8.0.0/24')).toEqual({
      family: 4,
      network: '10.8.0.0',
      prefix: 24,
      canonical: '10.8.0.0/24',
      first: 0x0a080000n,
      last: 0x0a0800ffn,
    });
    expect(parseCidr('FD00:0::/64')).toMatchObject({ family: 6, network: 'fd00::', canonical: 'fd00::/64' });
  });

  test('without a slash is refused with a clear message', () => {
    expect(() => parseCidr('24')).toThrow('is not a range');
    expect(() => parseCidr('10.8.0.0')).toThrow('is not a range');
  });

  test('of IPv6 is not IPv4', () => {
    expect(parseIpv4Cidr('10.8.0.0/16').canonical).toBe('10.8.0.0/16');
    expect(() => parseIpv4Cidr('fd00::/64')).toThrow(InvalidCidr);
  });

  test('with host bits set is refused with the intended range', () => {
    expect(() => parseCidr('10.8.0.1/24')).toThrow('10.8.0.0/24');
  });

  test.each([
    ['10.8.0.0/24', '10.8.0.1', '10.8.0.254'],
    ['10.8.0.0/30', '10.8.0.1', '10.8.0.2'],
    ['10.8.0.0/31', '10.8.0.0', '10.8.0.1'],
    ['10.8.0.7/32', '10.8.0.7', '10.8.0.7'],
    ['255.255.255.0/24', '255.255.255.1', '255.255.255.254'],
    ['fd00::/64', 'fd00::1', 'fd00::ffff:ffff:ffff:ffff'],
    ['fd00::/127', 'fd00::', 'fd00::1'],
    ['fd00::7/128', 'fd00::7', 'fd00::7'],
  ])('%s has hosts from %s to %s', (text, first, last) => {
    const range = hostRange(parseCidr(text));
    expect([formatAddress(range.first), formatAddress(range.last)]).toEqual([first, last]);
  });

  test('contains the same addresses as for Node.js', () => {
    const random = randomNumbers(2);
    for (let round = 0; round < 5000; round++) {
      const family = random() < 0.5 ? 4 : 6;
      const longest = family === 4 ? 32 : 128;
      const prefix = 1 + Math.floor(random() * longest);
      const shift = BigInt(longest - prefix);
      const base = randomAddress(random, family);
      const network = formatAddress({ family, value: (base.value >> shift) << shift });
      const near = randomAddress(random, family).value & ((1n << (shift + 1n)) - 1n);
      const address = { family, value: (base.value ^ near) & ((1n << BigInt(longest)) - 1n) } as const;
      if (
        family === 6 &&
        [base, address].some(({ value }) => value >> 32n === 0xffffn || value >> 32n === 0n)
      )
        continue;
      const nodes = new BlockList();
      nodes.addSubnet(network, prefix, `ipv${family}`);
      expect(isIpInCidr(address, parseCidr(`${network}/${prefix}`))).toBe(
        nodes.check(formatAddress(address), `ipv${family}`),
      );
    }
  });

  test('never contains addresses of the other family, even if the numbers fit', () => {
    expect(isIpInCidr(parseAddress('::a08:2'), parseCidr('10.8.0.0/24'))).toBe(false);
    expect(cidrsOverlap(parseCidr('::a08:0/120'), parseCidr('10.8.0.0/24'))).toBe(false);
  });

  test('overlaps another exactly where they share an address', () => {
    const texts: string[] = [];
    for (let prefix = 27; prefix <= 32; prefix++) {
      for (let low = 0; low < 32; low += 2 ** (32 - prefix)) texts.push(`10.8.0.${low}/${prefix}`);
    }
    const all = Array.from({ length: 32 }, (_, low) => parseAddress(`10.8.0.${low}`));
    for (const a of texts.map(parseCidr)) {
      for (const b of texts.map(parseCidr)) {
        const shared = all.some((address) => isIpInCidr(address, a) && isIpInCidr(address, b));
        if (cidrsOverlap(a, b) !== shared) expect.fail(`${a.canonical} and ${b.canonical}: ${shared}`);
      }
    }
  });
});
