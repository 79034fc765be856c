import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';

const IPV6_SITE_GROUPS = 4;

/**
 * A client's address in its one spelling, IPv4 for one that is mapped into IPv6; null where there is none, as on a Unix
 * socket.
 * @param address as Fastify tells it: the peer's, or what a trusted proxy says
 */
export function addressOf(address: string | undefined): string | null {
  if (address === undefined || !ipaddr.isValid(address)) return null;
  const parsed = ipaddr.process(address);
  // Without the zone, which is this machine's name for the link.
  return parsed.kind() === 'ipv4'
    ? parsed.toString()
    : new ipaddr.IPv6((parsed as ipaddr.IPv6).parts).toString();
}

/**
 * What counts as one client: an IPv4 address, or the /64 of an IPv6 address, of which one customer line has 2^64. A trusted
 * proxy that names its clients by something else, such as `_hidden` (RFC 7239), tells them apart by it.
 * @param address as Fastify tells it; undefined where the connection is gone already, whatever its type says
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

/** `203.0.113.7:40001`, `[2001:db8::1]`, `[2001:db8::1]:443`, `"[2001:db8::1]:443"`: the address in it. */
const WITH_PORT = /^"?(?:(\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5})?|\[([^\]]+)\](?::\d{1,5})?)"?$/;

function bare(entry: string): string {
  const [, ipv4, ipv6] = WITH_PORT.exec(entry) ?? [];
  const address = ipv4 ?? ipv6 ?? entry;
  return addressOf(address) ?? entry;
}

/**
 * Leaves nothing but addresses in X-Forwarded-For: several load balancers add ports and brackets. So whoever asks for the
 * request's address afterwards finds one.
 */
export function bareForwardedFor({ headers }: IncomingMessage): void {
  const text = headers['x-forwarded-for'];
  if (typeof text !== 'string') return;
  const entries = text.split(',').map((entry) => entry.trim());
  headers['x-forwarded-for'] = entries
    .filter((entry) => entry !== '')
    .map(bare)
    .join(', ');
}
