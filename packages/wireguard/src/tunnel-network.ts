import { type Cidr, cidrsOverlap, parseCidr } from './addresses.ts';

const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'].map(parseCidr);

/** IPv4: from 5 to 65,533 devices. IPv6: a device has its IPv4 address in the last 32 bits, and a subnet has 64 bits. */
const LENGTHS = { 4: [16, 29], 6: [64, 64] } as const;

/**
 * Why tunnel addresses must not come from this range; undefined where they may. A VPN server routes the whole range into
 * its tunnel, so a public one would take traffic away that belongs to somebody else, the machine's own included.
 */
export function whyNoTunnelNetwork(range: Cidr): string | undefined {
  const { family, prefix, first, last } = range;
  const [shortest, longest] = LENGTHS[family];
  if (prefix < shortest || prefix > longest) {
    return shortest === longest
      ? `must have the prefix length /${shortest}`
      : `must have a prefix length from /${shortest} to /${longest}`;
  }
  const home = PRIVATE.find((network) => cidrsOverlap(network, range));
  if (home !== undefined && first >= home.first && last <= home.last) return undefined;
  const networks = PRIVATE.filter((network) => network.family === family).map(({ canonical }) => canonical);
  return `must be in a private range: ${networks.join(', ')}`;
}
