import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { CANONICAL_KEY } from './canonical-key.ts';
import { InvalidKey, InvalidPublicKey } from './invalid-value.ts';

/** The length of every WireGuard key in bytes: private, public and preshared. */
export const KEY_BYTES = 32;

/** A matching pair of X25519 keys, 32 bytes each. */
export interface KeyPair {
  privateKey: Buffer;
  publicKey: Buffer;
}

/**
 * Points of small order on Curve25519 and its twist, as little-endian u-coordinates. With such a public key, the
 * shared secret is zero for every private key, so anyone could be that peer. X25519 ignores the highest bit; with
 * that bit cleared, these seven are all. RFC 7748 section 6.1 requires a check of the result;
 * https://cr.yp.to/ecdh.html#validate has the list (its other five have the highest bit set).
 */
const SMALL_ORDER_POINTS: readonly Buffer[] = [
  '0000000000000000000000000000000000000000000000000000000000000000', // 0
  '0100000000000000000000000000000000000000000000000000000000000000', // 1
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800', // order 8
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157', // order 8
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', // p - 1
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', // p, read as 0
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', // p + 1, read as 1
].map((hex) => Buffer.from(hex, 'hex'));

/** DER prefix of a raw X25519 private key: PKCS #8 with the algorithm id of RFC 8410. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');

function decode(text: string): Buffer | string {
  if (CANONICAL_KEY.test(text)) return Buffer.from(text, 'base64');
  if (/^[A-Za-z0-9+/]{43}=$/.test(text)) {
    return 'is a second spelling of a key (unused bits are set): write it as `wg` prints it';
  }
  if (/^[A-Za-z0-9_-]{43}=?$/.test(text)) {
    return 'is base64url or has no padding: write it as `wg` prints it, with + and / and one = at the end';
  }
  return 'is not base64 of 32 bytes: a key has 44 characters, as `wg genkey` and `wg pubkey` print them';
}

/**
 * Why these bytes cannot be a peer's public key; null if they can. Each u-coordinate has one accepted encoding.
 * Others that X25519 reads as the same point (highest bit set, value of p or more) are refused, because byte
 * comparison treats them as different keys.
 */
function publicKeyProblem(bytes: Uint8Array): string | null {
  if (bytes.length !== KEY_BYTES) return 'is not 32 bytes long';
  const masked = Buffer.from(bytes);
  masked[31] = (masked[31] ?? 0) & 0x7f;
  if (bytes.every((byte) => byte === 0)) {
    return 'is all zeros, which WireGuard takes for no key: send the output of `wg pubkey`';
  }
  if (SMALL_ORDER_POINTS.some((point) => point.equals(masked))) {
    return 'is a point of small order, which gives no secrecy: send the output of `wg pubkey`';
  }
  if ((bytes[31] ?? 0) & 0x80) {
    return 'has its highest bit set, which no X25519 public key has: send the output of `wg pubkey`';
  }
  if (bytes[31] === 0x7f && bytes.subarray(1, 31).every((byte) => byte === 0xff) && (bytes[0] ?? 0) >= 0xed) {
    return 'is not reduced modulo 2^255 - 19: send the output of `wg pubkey`';
  }
  return null;
}

/**
 * Checks a peer's public key: 32 bytes, canonical, not of small order.
 * @throws {InvalidPublicKey}
 */
export function assertPublicKey(bytes: Uint8Array): void {
  const problem = publicKeyProblem(bytes);
  if (problem !== null) throw new InvalidPublicKey(problem);
}

/**
 * Parses a peer's public key from canonical base64 (44 characters). Other forms are refused, so that equal keys are
 * equal texts, and so are keys that no real peer can have.
 * @throws {InvalidPublicKey}
 */
export function parsePublicKey(text: string): Buffer {
  const bytes = decode(text);
  if (typeof bytes === 'string') throw new InvalidPublicKey(bytes);
  assertPublicKey(bytes);
  return bytes;
}

/**
 * Checks a private or preshared key: 32 bytes, not all zeros (which WireGuard treats as none).
 * @throws {InvalidKey}
 */
export function assertSecretKey(bytes: Uint8Array): void {
  if (bytes.length !== KEY_BYTES) throw new InvalidKey('is not 32 bytes long');
  if (bytes.every((byte) => byte === 0)) {
    throw new InvalidKey('is all zeros, which WireGuard takes for no key: use `wg genkey` or `wg genpsk`');
  }
}

/**
 * Parses a private or preshared key from canonical base64 (44 characters).
 * @throws {InvalidKey}
 */
export function parseSecretKey(text: string): Buffer {
  const bytes = decode(text);
  if (typeof bytes === 'string') throw new InvalidKey(bytes);
  assertSecretKey(bytes);
  return bytes;
}

/**
 * Encodes any 32-byte key as canonical base64, like `wg`.
 * @throws {InvalidKey} for another length
 */
export function encodeKey(bytes: Uint8Array): string {
  if (bytes.length !== KEY_BYTES) throw new InvalidKey('is not 32 bytes long');
  return Buffer.from(bytes).toString('base64');
}

/**
 * Generates a key pair with a clamped private key (RFC 7748 section 5, by OpenSSL), like `wg genkey`. Starts no
 * process; measured at 75 µs on Node.js 22 and 160 µs on 20.
 *
 * The keys are encoded within the call on purpose. Exporting a KeyObject of generateKeyPairSync as JWK deadlocks
 * Node.js 20 if a garbage collection occurs during the export (both need the key's lock).
 */
export function generateKeyPair(): KeyPair {
  const pair = generateKeyPairSync('x25519', {
    privateKeyEncoding: { format: 'der', type: 'pkcs8' },
    publicKeyEncoding: { format: 'der', type: 'spki' },
  });
  // Copies, because subarray() would keep the secret's DER alive.
  const privateKey = Buffer.from(pair.privateKey.subarray(-KEY_BYTES));
  const publicKey = Buffer.from(pair.publicKey.subarray(-KEY_BYTES));
  pair.privateKey.fill(0);
  return { privateKey, publicKey };
}

/**
 * Derives the public key of a private key, clamped or not: X25519 with base point 9 (RFC 7748 section 6.1), like
 * `wg pubkey`. Measured at 80 µs on Node.js 22 and 480 µs on 20. The faster import as JWK cannot be used: Node.js
 * 26 requires the correct public key in it.
 * @throws {InvalidKey} for another length, or all zeros
 */
export function derivePublicKey(privateKey: Uint8Array): Buffer {
  assertSecretKey(privateKey);
  const der = Buffer.concat([PKCS8_PREFIX, privateKey]);
  const publicKey = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  der.fill(0);
  return Buffer.from(publicKey.export({ format: 'der', type: 'spki' }).subarray(-KEY_BYTES));
}
