import { Secret } from '../../crypto/secret.ts';
import { readEmail } from '../../text/email.ts';
import { z } from 'zod';

/** An address may come with blanks around it, and is longer while its domain is not in ASCII. */
const EMAIL_TYPED_CHARACTERS_MAX = 500;

/** An e-mail address in its one spelling. */
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
      'In any case, with its domain in any script; answers have it in lower case, the domain in ASCII',
  });

/** Room for any passphrase; hashing more would only let a stranger make us work. */
export const PASSWORD_CHARACTERS_MAX = 256;

/** A password that is sent; what makes a new one good is the domain's to say. */
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

/** One of the tokens that we give out. */
export const OpaqueToken = z
  .string()
  .max(TOKEN_CHARACTERS_MAX)
  .transform((text) => new Secret(text));
