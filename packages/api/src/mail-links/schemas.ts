import { z } from 'zod';
import { Email, OpaqueToken, Password } from '../platform/http/schemas/credentials.ts';
import { Id } from '../platform/http/schemas/ids.ts';

const Token = OpaqueToken.meta({ description: 'The text after `#token=` in the link' });

export const MailRequest = z.strictObject({ email: Email }).meta({ id: 'MailRequest' });
export const MailAccepted = z
  .object({ status: z.literal('accepted') })
  .meta({ id: 'MailAccepted', description: 'The same whether or not there is such a user' });
export const LinkToken = z.strictObject({ token: Token }).meta({ id: 'LinkToken' });
export const NewPassword = z.strictObject({ token: Token, password: Password }).meta({ id: 'NewPassword' });

export const InvitedUser = z
  .object({ user: z.object({ id: Id, email: z.string() }) })
  .meta({ id: 'InvitedUser' });
