import { EMAIL_CHARACTERS_MAX, PASSWORD_CHARACTERS_MAX, Secret, type Tokens } from '@cvault/core';
import { z } from 'zod';

const Email = z.email('must be an e-mail address').max(EMAIL_CHARACTERS_MAX);

const Password = z
  .string()
  .min(1, 'must not be empty')
  .refine(
    (text) => Array.from(text).length <= PASSWORD_CHARACTERS_MAX,
    `must have at most ${PASSWORD_CHARACTERS_MAX} characters`,
  )
  .transform((text) => new Secret(text))
  .meta({ description: 'At least as long as the tenant asks for: 12 characters by default' });

export const RegisterUser = z.strictObject({ email: Email, password: Password }).meta({ id: 'RegisterUser' });
export const Login = z.strictObject({ email: Email, password: Password }).meta({ id: 'Login' });
export const Refresh = z
  .strictObject({
    refreshToken: z
      .string()
      .max(200)
      .transform((text) => new Secret(text)),
  })
  .meta({ id: 'Refresh' });

const tokens = {
  accessToken: z.string().meta({ description: 'For `Authorization: Bearer`' }),
  refreshToken: z.string().meta({ description: 'For one use at /auth/refresh, within 30 days' }),
  expiresIn: z.int().meta({ description: 'Seconds that the access token lasts' }),
};

export const TokenSet = z.object(tokens).meta({ id: 'Tokens' });
export const RegisteredUser = z
  .object({ user: z.object({ id: z.uuid(), email: z.string() }), ...tokens })
  .meta({ id: 'RegisteredUser' });
export const SignedInUser = z
  .object({ user: z.object({ id: z.uuid(), email: z.string(), tenantId: z.uuid() }), ...tokens })
  .meta({ id: 'SignedInUser' });

/** The only place where tokens leave their wrapping. */
export function tokenSet({ accessToken, refreshToken, expiresIn }: Tokens): z.infer<typeof TokenSet> {
  return { accessToken: accessToken.reveal(), refreshToken: refreshToken.reveal(), expiresIn };
}
