import { readAppUrl } from './link.ts';
import { z } from 'zod';
import { Email, OpaqueToken, Password } from '../platform/http/schemas/credentials.ts';
import { Id } from '../platform/http/schemas/ids.ts';

const Token = OpaqueToken.meta({ description: 'What stands behind `#token=` in the link' });

export const MailRequest = z.strictObject({ email: Email }).meta({ id: 'MailRequest' });
export const MailAccepted = z
  .object({ status: z.literal('accepted') })
  .meta({ id: 'MailAccepted', description: 'The same whether or not there is such a user' });
export const LinkToken = z.strictObject({ token: Token }).meta({ id: 'LinkToken' });
export const NewPassword = z.strictObject({ token: Token, password: Password }).meta({ id: 'NewPassword' });

export const InvitedUser = z
  .object({ user: z.object({ id: Id, email: z.string() }) })
  .meta({ id: 'InvitedUser' });

const APP_URL_CHARACTERS_MAX = 200;

const AppUrl = z
  .string()
  .max(APP_URL_CHARACTERS_MAX)
  .transform((text, context) => {
    const read = readAppUrl(text);
    if ('text' in read) return read.text;
    context.addIssue({ code: 'custom', message: read.fault });
    return z.NEVER;
  });

const settings = {
  appUrl: AppUrl.nullable().meta({
    description:
      'Your app. Links in mails lead to its pages `/verify-email`, `/reset-password` and `/invitation`, with `#token=…`. ' +
      'Null: no mails with links go out.',
  }),
  verifiedEmailRequired: z.boolean().meta({
    description:
      'Nobody signs in before the e-mail is confirmed; then signing up answers the same for an e-mail that is taken.',
  }),
  secondFactorRequired: z.boolean().meta({ description: 'Nobody signs in with a password alone.' }),
};

export const ChangeSignInSettings = z.strictObject(settings).partial().meta({ id: 'ChangeSignInSettings' });
export const SignInSettingsResource = z
  .object({
    appUrl: z.string().nullable(),
    verifiedEmailRequired: z.boolean(),
    secondFactorRequired: z.boolean(),
  })
  .meta({ id: 'SignInSettings' });
