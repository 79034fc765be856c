import { Secret } from '../../crypto/secret.ts';
import { readEmail } from '../../text/email.ts';
import { z } from 'zod';

/** Room for surrounding blanks, and for a domain that is not yet in ASCII. */
const EMAIL_TYPED_CHARACTERS_MAX = 500;

/** An e-mail address in canonical form. */
export const Email = z
  .string()
  .max(EMAIL_TYPED_CHARACTERS_MAX)
  .transform((text, context) => {
    const read = readEmail(text);
    if ('text' in read) return read.text;
    context.addIssue({ code: 'custom', message: read.fault });
    return z.NEVER;
  })
  .meta({
    format: 'email',
    description:
      'In any case, with its domain in letters and digits of any script; answers have it in lower case, the domain in ASCII',
  });

/** Room for any passphrase. Hashing more would only let strangers cost us time. */
export const PASSWORD_CHARACTERS_MAX = 256;

/** Any password. The domain decides whether a new one is good enough. */
export const Password = z
  .string()
  .min(1, 'must not be empty')
  .refine(
    (text) => Array.from(text).length <= PASSWORD_CHARACTERS_MAX,
    `must have at most ${PASSWORD_CHARACTERS_MAX} characters`,
  )
  .transform((text) => new Secret(text))
  .meta({ description: 'At least as long as the tenant asks for: 12 characters by default' });

const TOKEN_CHARACTERS_MAX = 200;

/** An opaque token that we issued. */
export const OpaqueToken = z
  .string()
  .max(TOKEN_CHARACTERS_MAX)
  .transform((text) => new Secret(text));
