import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';

const IPV6_SITE_GROUPS = 4;

/**
 * The canonical form of a client's address; IPv4 if it is mapped into IPv6; null if there is none, as on a Unix
 * socket.
 * @param address from Fastify: the peer's address, or the one that a trusted proxy reports
 */
export function addressOf(address: string | undefined): string | null {
  if (address === undefined || !ipaddr.isValid(address)) return null;
  const parsed = ipaddr.process(address);
  // Drops the zone, which is only this machine's name for the link.
  return parsed.kind() === 'ipv4'
    ? parsed.toString()
    : new ipaddr.IPv6((parsed as ipaddr.IPv6).parts).toString();
}

/**
 * The unit that counts as one client: an IPv4 address, or the /64 of an IPv6 address, since one customer line has
 * 2^64 of them. A trusted proxy's other names for clients, such as `_hidden` (RFC 7239), count as one client each.
 * @param address from Fastify; undefined after the connection is gone, whatever its type says
 */
export function clientOf(address: string | undefined): string {
  if (address === undefined || address === '') return 'unknown';
  if (!ipaddr.isValid(address)) {
    return `unknown:${createHash('sha256').update(address).digest('base64url').slice(0, 22)}`;
  }
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  const groups = (parsed as ipaddr.IPv6).parts.slice(0, IPV6_SITE_GROUPS);
  return `${groups.map((group) => group.toString(16)).join(':')}::/64`;
}

/** Matches `203.0.113.7:40001`, `[2001:db8::1]`, `[2001:db8::1]:443` and `"[2001:db8::1]:443"`. */
const WITH_PORT = /^"?(?:(\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5})?|\[([^\]]+)\](?::\d{1,5})?)"?$/;

function bare(entry: string): string {
  const [, ipv4, ipv6] = WITH_PORT.exec(entry) ?? [];
  const address = ipv4 ?? ipv6 ?? entry;
  return addressOf(address) ?? entry;
}

/** Reduces X-Forwarded-For to plain addresses, because several load balancers add ports and brackets. */
export function bareForwardedFor({ headers }: IncomingMessage): void {
  const text = headers['x-forwarded-for'];
  if (typeof text !== 'string') return;
  const entries = text.split(',').map((entry) => entry.trim());
  headers['x-forwarded-for'] = entries
    .filter((entry) => entry !== '')
    .map(bare)
    .join(', ');
}
