import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { Secret } from '../crypto/secret.ts';

export type ApiKeyMode = 'live' | 'test';

/** 256 bits. */
const RANDOM_BYTES = 32;
const RANDOM_CHARACTERS = 43;
/** Characters of the random part in `prefix`: enough to distinguish keys, and 220 bits short of a whole key. */
const SHOWN_CHARACTERS = 6;

const SHAPE = new RegExp(`^cv_(live|test)_([A-Za-z0-9_-]{${RANDOM_CHARACTERS}})([0-9a-f]{8})$`);

/** CRC-32 of `body` as 8 hexadecimal digits. */
function checksum(body: string): string {
  return crc32(body).toString(16).padStart(8, '0');
}

export interface NewApiKey {
  /** The whole key. Shown once, never stored. */
  readonly key: Secret<string>;
  /** SHA-256 of the whole key, which is stored. */
  readonly hash: Buffer;
  /** The part that lists show, such as `cv_live_Ab3dEf`. */
  readonly prefix: string;
}

/** SHA-256 suffices: a slow hash adds nothing against guessing 256 random bits. */
export function hashCredential(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

export function generateApiKey(mode: ApiKeyMode): NewApiKey {
  const random = randomBytes(RANDOM_BYTES).toString('base64url');
  const body = `cv_${mode}_${random}`;
  const key = body + checksum(body);
  return {
    key: new Secret(key),
    hash: hashCredential(key),
    prefix: body.slice(0, `cv_${mode}_`.length + SHOWN_CHARACTERS),
  };
}

/**
 * Checks shape and checksum of an API key. This rejects mistyped and invented keys without the database, and helps
 * secret scanners to recognize real ones.
 */
export function looksLikeApiKey(text: string): boolean {
  const match = SHAPE.exec(text);
  return match !== null && checksum(text.slice(0, -8)) === match[3];
}
