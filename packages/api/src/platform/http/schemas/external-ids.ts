import { z } from 'zod';

/** What a tenant calls its user or device: printable ASCII without spaces, as ids of other systems are. */
export const ExternalId = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 printable ASCII characters without spaces')
  .meta({ description: 'Your own id for it, unique among those that you have' });

const KEYS_MAX = 50;
const VALUE_CHARACTERS_MAX = 1_000;
const BYTES_MAX = 8 * 1024;

/** Controls, line and paragraph separators, marks that change the direction of writing, halves of a character. */
const FORBIDDEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u200E\u200F\u202A-\u202E\u2066-\u2069]/u;

/** Texts by name, for the tenant alone: nothing here reads them. */
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
