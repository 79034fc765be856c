import type { Tokens } from '@cvault/core';
import { z } from 'zod';
import { Email, OpaqueToken, Password } from '../../http/schemas/credentials.ts';

export const RegisterUser = z.strictObject({ email: Email, password: Password }).meta({ id: 'RegisterUser' });
export const Login = z.strictObject({ email: Email, password: Password }).meta({ id: 'Login' });
export const Refresh = z
  .strictObject({
    refreshToken: OpaqueToken,
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

export const VerificationSent = z
  .object({ status: z.literal('verification_sent') })
  .meta({ id: 'VerificationSent', description: 'The same whether or not the e-mail is taken' });

/** The only place where tokens leave their wrapping. */
export function tokenSet({ accessToken, refreshToken, expiresIn }: Tokens): z.infer<typeof TokenSet> {
  return { accessToken: accessToken.reveal(), refreshToken: refreshToken.reveal(), expiresIn };
}
