import { type Cidr, cidrsOverlap, parseCidr } from './addresses.ts';

const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'].map(parseCidr);

/** IPv4: 5 to 65,533 devices. IPv6: the last 32 bits are the device's IPv4 address, and a subnet has 64 bits. */
const LENGTHS = { 4: [16, 29], 6: [64, 64] } as const;

/**
 * Why a range cannot hold tunnel addresses; undefined if it can. A VPN server routes the whole range into its
 * tunnel, so a public range would divert foreign traffic, including the machine's own.
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
