import { createHmac, hkdfSync } from 'node:crypto';
import type { Secret } from '../platform/crypto/secret.ts';
import type { Pseudonym } from './guesses.ts';

/**
 * Pseudonyms by HMAC: of addresses there are so few that a plain hash could be tried out. The key comes from the master
 * key; when that is changed, pseudonyms change too, and counts begin anew.
 */
export function createPseudonym(masterKey: Secret<Buffer>): Pseudonym {
  const key = Buffer.from(hkdfSync('sha256', masterKey.reveal(), '', 'cvault pseudonyms', 32));
  return (...parts) => createHmac('sha256', key).update(JSON.stringify(parts)).digest();
}
