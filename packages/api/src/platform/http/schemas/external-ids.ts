import { z } from 'zod';

/** A tenant's own id for a user or device: printable ASCII without spaces. */
export const ExternalId = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 printable ASCII characters without spaces')
  .meta({ description: 'Your own id for it, unique among those that you have' });

const KEYS_MAX = 50;
const VALUE_CHARACTERS_MAX = 1_000;
const BYTES_MAX = 8 * 1024;

/** Control characters, line and paragraph separators, direction marks, lone surrogates. */
const FORBIDDEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u200E\u200F\u202A-\u202E\u2066-\u2069]/u;

/** Texts by name, for the tenant's own use. CVault never interprets them. */
export const Metadata = z
  .record(
    z.string().regex(/^[A-Za-z0-9_.:-]{1,64}$/, 'must be 1 to 64 letters, digits, or any of _ . : -'),
    z
      .string()
      .max(VALUE_CHARACTERS_MAX)
      .refine((text) => !FORBIDDEN.test(text), 'must not contain control characters or line ends')
      .transform((text) => text.normalize('NFC')),
  )
  .refine((metadata) => Object.keys(metadata).length <= KEYS_MAX, `must have at most ${KEYS_MAX} keys`)
  .refine(
    (metadata) => Buffer.byteLength(JSON.stringify(metadata)) <= BYTES_MAX,
    `must be at most ${BYTES_MAX} bytes as JSON`,
  )
  .meta({ description: `Your own texts by name, at most ${KEYS_MAX}. Replaced as a whole.` });

export const MetadataResource = z.record(z.string(), z.string());
