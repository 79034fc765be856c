import { z } from 'zod';
import { Instant } from '../platform/http/schemas/answers.ts';
import { Password } from '../platform/http/schemas/credentials.ts';
import { Id } from '../platform/http/schemas/ids.ts';

export const ChangePassword = z
  .strictObject({ currentPassword: Password, newPassword: Password })
  .meta({ id: 'ChangePassword' });

export const SignInList = z
  .object({
    signIns: z.array(
      z.object({
        id: Id,
        createdAt: Instant,
        usedAt: Instant.meta({ description: 'When its refresh token was used last' }),
        expiresAt: Instant.meta({ description: 'Unless its refresh token is used before' }),
        current: z.boolean().meta({ description: 'Whether this request comes with it' }),
      }),
    ),
  })
  .meta({ id: 'SignInList' });
