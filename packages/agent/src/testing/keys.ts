import { randomBytes } from 'node:crypto';

/** A random public key in the right form, whose private key nobody knows. */
export function randomPublicKey(): string {
  const bytes = randomBytes(32);
  bytes.writeUInt8(bytes.readUInt8(31) & 0x7f, 31);
  return bytes.toString('base64');
}
