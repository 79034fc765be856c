import { BlockList, isIPv6 } from 'node:net';

const familyOf = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4');

/**
 * Tells whether an address is in the network of one of the interface's own: `10.8.0.1/24`. From anywhere else, the VPN
 * server takes a packet for spoofed.
 */
export function tunnelNetworks(addresses: readonly string[]): (address: string) => boolean {
  const networks = new BlockList();
  for (const text of addresses) {
    const [address = '', length] = text.split('/');
    networks.addSubnet(address, Number(length), familyOf(address));
  }
  return (address) => networks.check(address, familyOf(address));
}
