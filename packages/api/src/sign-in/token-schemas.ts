import type { Tokens } from './sign-in.ts';
import { z } from 'zod';

export const tokens = {
  accessToken: z.string().meta({ description: 'For `Authorization: Bearer`' }),
  refreshToken: z.string().meta({ description: 'For one use at /auth/refresh, within 30 days' }),
  expiresIn: z.int().meta({ description: 'Seconds that the access token lasts' }),
};

export const TokenSet = z.object(tokens).meta({ id: 'Tokens' });
export const SignedInUser = z
  .object({ user: z.object({ id: z.uuid(), email: z.string(), tenantId: z.uuid() }), ...tokens })
  .meta({ id: 'SignedInUser' });

/** The only place that unwraps tokens. */
export function tokenSet({ accessToken, refreshToken, expiresIn }: Tokens): z.infer<typeof TokenSet> {
  return { accessToken: accessToken.reveal(), refreshToken: refreshToken.reveal(), expiresIn };
}
