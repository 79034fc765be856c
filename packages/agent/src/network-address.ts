import { BlockList, SocketAddress } from 'node:net';
import type { Prefix } from './prefix.ts';

const bytesOf = ({ family, address }: Prefix): number[] => {
  if (family === 4) return address.split('.').map(Number);
  const [head = '', tail] = new SocketAddress({ address, family: 'ipv6' }).address.split('::');
  const groups = (text: string | undefined) =>
    text === undefined || text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [first, last] = [groups(head), groups(tail)];
  const all = [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
  return all.flatMap((group) => [group >> 8, group & 255]);
};

function textOf(family: 4 | 6, bytes: readonly number[]): string {
  if (family === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16),
  );
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}

/** The network of an address with a length: 10.8.0.1/24 is in 10.8.0.0/24. In the spelling of `ip`. */
export function networkOf(prefix: Prefix): Prefix {
  const bytes = bytesOf(prefix).map((byte, index) => {
    const bits = Math.min(8, Math.max(0, prefix.length - index * 8));
    return byte & (0xff00 >> bits) & 0xff;
  });
  return { ...prefix, address: textOf(prefix.family, bytes) };
}

/** A possible address of a device: next to the VPN server's own. */
export function neighbourOf(own: Prefix): string {
  const bytes = bytesOf(own);
  const last = bytes.length - 1;
  const value = bytes[last] ?? 0;
  bytes[last] = value % 4 === 1 || value % 4 === 0 ? value + 1 : value - 1;
  return textOf(own.family, bytes);
}

/** Returns a check whether an address is in one of the networks. */
export function inNetworks(networks: readonly Prefix[]): (address: string) => boolean {
  const list = new BlockList();
  for (const { family, address, length } of networks) list.addSubnet(address, length, `ipv${family}`);
  return (address) => list.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
}
