import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { Secret } from '../crypto/secret.ts';

export type ApiKeyMode = 'live' | 'test';

/** 256 random bits in base64url. */
const RANDOM_BYTES = 32;
const RANDOM_CHARACTERS = 43;
/** How much of the random part `prefix` shows: enough to tell keys apart, 220 bits short of opening anything. */
const SHOWN_CHARACTERS = 6;

const SHAPE = new RegExp(`^cv_(live|test)_([A-Za-z0-9_-]{${RANDOM_CHARACTERS}})([0-9a-f]{8})$`);

/** CRC-32 of what comes before it, as 8 hexadecimal digits. */
function checksum(body: string): string {
  return crc32(body).toString(16).padStart(8, '0');
}

export interface NewApiKey {
  /** The whole key. It is shown once and stored nowhere. */
  readonly key: Secret<string>;
  /** What is stored: SHA-256 of the whole key. */
  readonly hash: Buffer;
  /** What lists show, such as `cv_live_Ab3dEf`. */
  readonly prefix: string;
}

/** SHA-256 is enough for a key of 256 random bits: there is nothing to guess, so a slow hash would add nothing. */
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
 * Whether a text has the shape and the checksum of an API key. Mistyped and made-up keys are told by it without asking
 * the database, and secret scanners can tell a real key from a look-alike.
 */
export function looksLikeApiKey(text: string): boolean {
  const match = SHAPE.exec(text);
  return match !== null && checksum(text.slice(0, -8)) === match[3];
}
