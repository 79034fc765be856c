import { createHash } from 'node:crypto';
import { isIPv4, SocketAddress } from 'node:net';

/** The fields of a device's peer that go into the digest of a VPN server. */
export interface DigestedPeer {
  readonly deviceId: string;
  readonly generation: number;
  /** Canonical base64. */
  readonly publicKey: string;
  /** IPv4 before IPv6. */
  readonly addresses: readonly string[];
}

/** A host address as PostgreSQL's `inet_send` writes it: family, prefix length, not a network, length, bytes. */
function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from([2, 32, 0, 4, ...address.split('.').map(Number)]);
  const bytes = Buffer.alloc(16);
  const [head = '', tail] = new SocketAddress({ address, family: 'ipv6' }).address.split('::');
  const groups = (text: string | undefined) => (text ? text.split(':') : []);
  groups(head).forEach((group, index) => bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2));
  const last = groups(tail);
  last.forEach((group, index) =>
    bytes.writeUInt16BE(Number.parseInt(group, 16), 16 - (last.length - index) * 2),
  );
  return Buffer.concat([Buffer.from([3, 128, 0, 16]), bytes]);
}

/**
 * The first 64 bits of SHA-256 over the peer. The generated column `devices.peer_digest` in PostgreSQL has the
 * same, so comparing a VPN server with the database reads one number of each, not a million rows. 64 bits suffice
 * against accidents; an attacker who could forge them could change the interface itself.
 */
export function digestOfPeer({ deviceId, generation, publicKey, addresses }: DigestedPeer): bigint {
  const number = Buffer.alloc(8);
  number.writeBigInt64BE(BigInt(generation));
  const hash = createHash('sha256')
    .update(Buffer.from(deviceId.replaceAll('-', ''), 'hex'))
    .update(number)
    .update(Buffer.from(publicKey, 'base64'));
  for (const address of addresses) hash.update(addressBytes(address));
  return hash.digest().readBigUInt64BE(0);
}

/** A digest as it is sent. */
export function formatDigest(digest: bigint): string {
  return BigInt.asUintN(64, digest).toString(16).padStart(16, '0');
}
