import { SocketAddress, isIPv4, isIPv6 } from 'node:net';

/**
 * One tunnel address as a prefix of full length in the spelling of `wg`, so that equal text means equal addresses.
 * Undefined for anything but a plain host address, such as one with a zone or an IPv4 address inside an IPv6 one.
 */
export function hostPrefix(address: string): string | undefined {
  if (isIPv4(address)) return `${address}/32`;
  if (!isIPv6(address) || address.includes('%')) return undefined;
  const canonical = new SocketAddress({ address, family: 'ipv6' }).address;
  return canonical.includes('.') ? undefined : `${canonical}/128`;
}

/** All addresses as distinct host prefixes; undefined if one of them is none. */
export function hostPrefixes(addresses: readonly string[]): readonly string[] | undefined {
  const prefixes = new Set<string>();
  for (const address of addresses) {
    const prefix = hostPrefix(address);
    if (prefix === undefined) return undefined;
    prefixes.add(prefix);
  }
  return [...prefixes];
}

export function isHostPrefix(allowedIp: string): boolean {
  return allowedIp.endsWith(allowedIp.includes(':') ? '/128' : '/32');
}

/** The address of a prefix, without its length. */
export function prefixAddress(prefix: string): string {
  return prefix.slice(0, prefix.indexOf('/'));
}

/** True if both hold the same prefixes in any order. Neither may hold one twice. */
export function samePrefixes(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((prefix) => other.includes(prefix));
}
