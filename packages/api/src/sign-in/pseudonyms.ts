import { createHmac, hkdfSync } from 'node:crypto';
import type { Secret } from '../platform/crypto/secret.ts';
import type { Pseudonym } from './guesses.ts';

/**
 * Pseudonyms by HMAC, since plain hashes of addresses could be guessed. The key is derived from the master key: a
 * new master key changes all pseudonyms and resets the counts.
 */
export function createPseudonym(masterKey: Secret<Buffer>): Pseudonym {
  const key = Buffer.from(hkdfSync('sha256', masterKey.reveal(), '', 'cvault pseudonyms', 32));
  return (...parts) => createHmac('sha256', key).update(JSON.stringify(parts)).digest();
}
