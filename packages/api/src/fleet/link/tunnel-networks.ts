import { BlockList, isIPv6 } from 'node:net';

const familyOf = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4');

/**
 * Returns a check whether an address is in the network of one of the interface's own, such as `10.8.0.1/24`. The
 * VPN server treats a packet from any other source as spoofed.
 */
export function tunnelNetworks(addresses: readonly string[]): (address: string) => boolean {
  const networks = new BlockList();
  for (const text of addresses) {
    const [address = '', length] = text.split('/');
    networks.addSubnet(address, Number(length), familyOf(address));
  }
  return (address) => networks.check(address, familyOf(address));
}
