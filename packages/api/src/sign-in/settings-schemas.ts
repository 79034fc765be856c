import { z } from 'zod';
import { readAppUrl } from '../mail-links/index.ts';

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
