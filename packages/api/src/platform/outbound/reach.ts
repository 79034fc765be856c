/** Which addresses outbound requests may reach. */
import ipaddr from 'ipaddr.js';

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];

/** All global unicast addresses (RFC 4291 section 2.4). Excludes NAT64 and mapped addresses. */
const GLOBAL_IPV6: Range = [ipaddr.parse('2000::'), 3];
/** Part of it, but unknown to ipaddr.js: documentation (RFC 9637). */
const NOT_GLOBAL_IPV6: readonly Range[] = [[ipaddr.parse('3fff::'), 20]];

export function parseRange(text: string): Range {
  if (text.includes('/')) return ipaddr.parseCIDR(text);
  const address = ipaddr.parse(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

function isWithin(address: ipaddr.IPv4 | ipaddr.IPv6, range: Range): boolean {
  return address.kind() === range[0].kind() && address.match(range);
}

function isPublic(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (address.range() !== 'unicast') return false;
  if (address.kind() === 'ipv4') return true;
  return isWithin(address, GLOBAL_IPV6) && !NOT_GLOBAL_IPV6.some((range) => isWithin(address, range));
}

/** `allowed`: within a range of the operator's, where plain http and every port are allowed too. */
export type Reach = 'public' | 'allowed' | 'forbidden';

export function reachOf(text: string, allow: readonly Range[]): Reach {
  // A zone (fe80::1%eth0) is an interface of this machine.
  if (text.includes('%') || !ipaddr.isValid(text)) return 'forbidden';
  // ::ffff:10.0.0.1 reaches 10.0.0.1, so it counts as that.
  const address = ipaddr.process(text);
  if (allow.some((range) => isWithin(address, range))) return 'allowed';
  return isPublic(ipaddr.parse(text)) ? 'public' : 'forbidden';
}
