import { createPublicKey, type JsonWebKey } from 'node:crypto';
import type { ID_TOKEN_ALGORITHMS } from './service.ts';

type Algorithm = (typeof ID_TOKEN_ALGORITHMS)[number];

/** RFC 7518 section 3.3. */
const RSA_BITS_MIN = 2_048;
/** Each algorithm's keys (RFC 7518 section 3, RFC 8037): the kind of key, and its curve. */
const CURVES: Readonly<Record<string, string>> = {
  ES256: 'P-256',
  ES384: 'P-384',
  ES512: 'P-521',
  EdDSA: 'Ed25519',
};
const PRIVATE_PARTS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'];

export interface KeyFault {
  /** Null: of the key as a whole. */
  readonly field: 'use' | 'key_ops' | 'alg' | 'crv' | 'n' | null;
  readonly message: string;
  /** It holds a private part, which must not be stored. */
  readonly isPrivate?: true;
}

const isFor = (key: JsonWebKey, algorithm: Algorithm): boolean =>
  algorithm in CURVES ? key.crv === CURVES[algorithm] : key.kty === 'RSA';

function bitsOf(key: JsonWebKey): number | null {
  try {
    return createPublicKey({ key, format: 'jwk' }).asymmetricKeyDetails?.modulusLength ?? Infinity;
  } catch {
    return null;
  }
}

/** Why no ID token that is signed by these algorithms can be verified with a key (RFC 7517); null where some can. */
export function faultOfKey(key: JsonWebKey, algorithms: readonly Algorithm[]): KeyFault | null {
  if (PRIVATE_PARTS.some((part) => part in key))
    return { field: null, message: 'holds a private key; send the public part alone', isPrivate: true };
  const { use, key_ops: operations, alg, crv } = key;
  if (use !== undefined && use !== 'sig')
    return { field: 'use', message: 'must be `sig`; leave keys for anything else out' };
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return { field: 'key_ops', message: 'must hold `verify`; leave keys for anything else out' };
  const fitting = algorithms.filter((algorithm) => isFor(key, algorithm));
  if (fitting.length === 0) {
    return {
      field: crv === undefined ? null : 'crv',
      message: `fits none of your \`algorithms\` (${algorithms.join(', ')}); add the algorithm that this key signs with`,
    };
  }
  if (alg !== undefined && !fitting.some((algorithm) => algorithm === alg))
    return {
      field: 'alg',
      message: `must be one of your \`algorithms\` that this key fits: ${fitting.join(', ')}`,
    };
  const bits = bitsOf(key);
  if (bits === null) return { field: null, message: 'is no whole public key (RFC 7518, section 6)' };
  return bits < RSA_BITS_MIN ? { field: 'n', message: `must have at least ${RSA_BITS_MIN} bits` } : null;
}
