import { EMAIL_CHARACTERS_MAX, PASSWORD_CHARACTERS_MAX, Secret } from '@cvault/core';
import { z } from 'zod';

/** At most 64 characters before the @ (RFC 5321, section 4.5.3.1.1), and a host's name behind it (RFC 1123, section 2.1). */
const MAILABLE = /^[^@]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/i;

export const Email = z
  .email('must be an e-mail address')
  .max(EMAIL_CHARACTERS_MAX)
  .refine((text) => MAILABLE.test(text), 'must be an e-mail address');

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
