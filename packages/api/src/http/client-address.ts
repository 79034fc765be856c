import ipaddr from 'ipaddr.js';

const IPV6_SITE_GROUPS = 4;

/**
 * A client's address in its one spelling, IPv4 for one that is mapped into IPv6; null where there is none, as on a Unix
 * socket.
 * @param address as Fastify tells it: the peer's, or what a trusted proxy says
 */
export function addressOf(address: string): string | null {
  if (!ipaddr.isValid(address)) return null;
  const parsed = ipaddr.process(address);
  // Without the zone, which is this machine's name for the link.
  return parsed.kind() === 'ipv4'
    ? parsed.toString()
    : new ipaddr.IPv6((parsed as ipaddr.IPv6).parts).toString();
}

/**
 * What counts as one client: an IPv4 address, or the /64 of an IPv6 address, of which one customer line has 2^64.
 * @param address as `addressOf`
 */
export function clientOf(address: string): string {
  if (!ipaddr.isValid(address)) return 'unknown';
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  const groups = (parsed as ipaddr.IPv6).parts.slice(0, IPV6_SITE_GROUPS);
  return `${groups.map((group) => group.toString(16)).join(':')}::/64`;
}
