import { EMAIL_CHARACTERS_MAX, PASSWORD_CHARACTERS_MAX, Secret } from '@cvault/core';
import { z } from 'zod';

export const Email = z.email('must be an e-mail address').max(EMAIL_CHARACTERS_MAX);

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
