import { isIPv4, isIPv6 } from 'node:net';
import { InvalidAddress, InvalidCidr } from './invalid-value.ts';

/** One IP address. `value` is its number: 32 bits for IPv4, 128 for IPv6. */
export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** An address range. `first` and `last` include network and broadcast. */
export interface Cidr {
  readonly family: 4 | 6;
  /** The lowest address, as canonical text. */
  readonly network: string;
  /** Prefix length in bits: 1 to 32 or 128; 0 only from parseRoute. */
  readonly prefix: number;
  /** `network/prefix`: the canonical form. */
  readonly canonical: string;
  readonly first: bigint;
  readonly last: bigint;
}

/** Length of an address in bits. */
function bits(family: 4 | 6): number {
  return family === 4 ? 32 : 128;
}

function parseIpv6(text: string): bigint {
  const [head = '', tail] = text.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

/**
 * Parses an IP address. IPv4 is dotted decimal without leading zeros, because `010.0.0.1` is 8.0.0.1 to some
 * programs and 10.0.0.1 to others (CVE-2021-28918). IPv6 may have any form of RFC 4291 section 2.2 except dotted
 * ones, without a zone. IPv4-mapped addresses are refused: they would be a second name of an IPv4 address.
 * @throws {InvalidAddress}
 */
export function parseAddress(text: string): Address {
  if (isIPv4(text)) {
    return { family: 4, value: text.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n) };
  }
  if (isIPv6(text) && !text.includes('.') && !text.includes('%')) {
    const value = parseIpv6(text);
    if (value >> 32n === 0xffffn)
      throw new InvalidAddress('is an IPv4-mapped IPv6 address: write it as IPv4');
    return { family: 6, value };
  }
  throw new InvalidAddress(
    'is not an IP address: write it like 10.8.0.2 (no leading zeros) or fd00::2 (no zone id, no dots)',
  );
}

/** The canonical form of an address: dotted decimal, or RFC 5952 for IPv6. */
export function formatAddress({ family, value }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => (value >> BigInt(112 - 16 * index)) & 0xffffn);
  let start = 0;
  let length = 0;
  for (let from = 0; from < 8; from++) {
    let to = from;
    while (to < 8 && groups[to] === 0n) to++;
    if (to - from > length) [start, length] = [from, to - from];
  }
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

/** Splits `address/prefix`, with host bits allowed, as in an interface's Address. */
export function parseAddressWithPrefix(text: string): { address: Address; prefix: number } {
  const slash = text.indexOf('/');
  const suffix = text.slice(slash + 1);
  if (slash === -1 || !/^(0|[1-9]\d{0,2})$/.test(suffix)) {
    throw new InvalidCidr(
      'is not a range: write it like 10.8.0.0/24, the prefix length without leading zeros',
    );
  }
  let address: Address;
  try {
    address = parseAddress(text.slice(0, slash));
  } catch (error) {
    if (error instanceof InvalidAddress)
      throw new InvalidCidr(`has a part before the slash that ${error.reason}`);
    throw error;
  }
  const prefix = Number(suffix);
  const longest = bits(address.family);
  if (prefix > longest) throw new InvalidCidr(`has a prefix length over ${longest}`);
  return { address, prefix };
}

/**
 * Parses a route: a range in CIDR notation, including the default routes `0.0.0.0/0` and `::/0`. Host bits must be
 * zero: `10.8.0.1/24` is probably a mistake.
 * @throws {InvalidCidr}
 */
export function parseRoute(text: string): Cidr {
  const { address, prefix } = parseAddressWithPrefix(text);
  const { family, value: first } = address;
  const hostMask = (1n << BigInt(bits(family) - prefix)) - 1n;
  if ((first & hostMask) !== 0n) {
    const network = formatAddress({ family, value: first & ~hostMask });
    throw new InvalidCidr(`has bits set after its prefix: did you mean ${network}/${prefix}?`);
  }
  const network = formatAddress(address);
  return { family, network, prefix, canonical: `${network}/${prefix}`, first, last: first | hostMask };
}

/**
 * Like parseRoute, but refuses default routes: a pool or a policy that covers the whole internet is a mistake or an
 * attack.
 * @throws {InvalidCidr}
 */
export function parseCidr(text: string): Cidr {
  const cidr = parseRoute(text);
  if (cidr.prefix === 0) throw new InvalidCidr('covers every address: give a prefix length of 1 or more');
  return cidr;
}

/**
 * Like parseCidr, for IPv4 only.
 * @throws {InvalidCidr} also for IPv6
 */
export function parseIpv4Cidr(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr.family !== 4) throw new InvalidCidr('is an IPv6 range: give an IPv4 range like 10.8.0.0/24');
  return cidr;
}

/**
 * The first and last address of a range that a machine may have. IPv4 excludes network and broadcast, except in /31
 * (RFC 3021) and /32. IPv6 excludes the lowest address, which means "any router" (RFC 4291 section 2.6.1), except
 * in /127 (RFC 6164) and /128.
 */
export function hostRange({ family, prefix, first, last }: Cidr): { first: Address; last: Address } {
  if (bits(family) - prefix <= 1) return { first: { family, value: first }, last: { family, value: last } };
  return {
    first: { family, value: first + 1n },
    last: { family, value: family === 4 ? last - 1n : last },
  };
}

/** Whether the range contains the address; false across families. */
export function isIpInCidr(address: Address, cidr: Cidr): boolean {
  return address.family === cidr.family && address.value >= cidr.first && address.value <= cidr.last;
}

/** Whether two ranges share an address; false across families. */
export function cidrsOverlap(a: Cidr, b: Cidr): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}
