import type { Challenge } from '../second-factors/index.ts';
import { z } from 'zod';
import { Email, OpaqueToken, Password } from '../platform/http/schemas/credentials.ts';
import { tokens } from './token-schemas.ts';

export const RegisterUser = z.strictObject({ email: Email, password: Password }).meta({ id: 'RegisterUser' });
export const Login = z.strictObject({ email: Email, password: Password }).meta({ id: 'Login' });
export const Refresh = z
  .strictObject({
    refreshToken: OpaqueToken,
  })
  .meta({ id: 'Refresh' });

export const RegisteredUser = z
  .object({ user: z.object({ id: z.uuid(), email: z.string() }), ...tokens })
  .meta({ id: 'RegisteredUser' });
const VerificationSent = z
  .object({ status: z.literal('verification_sent') })
  .meta({ id: 'VerificationSent', description: 'The same whether or not the e-mail is taken' });

export const Challenged = z
  .object({
    status: z.literal('second_factor_required'),
    challengeToken: z.string().meta({ description: 'For /auth/second-factor, once' }),
    expiresIn: z.int().meta({ description: 'Seconds that the challenge lasts' }),
    enrolled: z
      .boolean()
      .meta({ description: 'False: set a second factor up first, with /auth/second-factor/enrol' }),
  })
  .meta({ id: 'SecondFactorChallenge' });

export const NotYetSignedIn = z.union([VerificationSent, Challenged]).meta({ id: 'NotYetSignedIn' });

export function challengeResource({ token, expiresIn, enrolled }: Challenge): z.infer<typeof Challenged> {
  return { status: 'second_factor_required', challengeToken: token.reveal(), expiresIn, enrolled };
}
