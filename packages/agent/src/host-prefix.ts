import { SocketAddress, isIPv4, isIPv6 } from 'node:net';

/**
 * One tunnel address in the spelling that `wg` prints, as a prefix of full length, so that comparing text compares
 * addresses. Undefined for what is no plain host address (a zone, an IPv4 address inside an IPv6 one).
 */
export function hostPrefix(address: string): string | undefined {
  if (isIPv4(address)) return `${address}/32`;
  if (!isIPv6(address) || address.includes('%')) return undefined;
  const canonical = new SocketAddress({ address, family: 'ipv6' }).address;
  return canonical.includes('.') ? undefined : `${canonical}/128`;
}

/** All addresses as host prefixes, each once; undefined where one of them is none. */
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

/** True where both hold the same prefixes in whatever order; neither holds one twice. */
export function samePrefixes(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((prefix) => other.includes(prefix));
}
