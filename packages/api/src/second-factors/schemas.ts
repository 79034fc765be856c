import type { Secret } from '../platform/crypto/secret.ts';
import { z } from 'zod';
import { OpaqueToken } from '../platform/http/schemas/credentials.ts';

const CODE_CHARACTERS_MAX = 40;

const Code = z
  .string()
  .min(1)
  .max(CODE_CHARACTERS_MAX)
  .meta({ description: 'Six digits of the authenticator app, or a recovery code' });
const ChallengeToken = OpaqueToken.meta({ description: '`challengeToken` of the sign-in' });

export const SecondFactorSignIn = z
  .strictObject({ challengeToken: ChallengeToken, code: Code })
  .meta({ id: 'SecondFactorSignIn' });
export const SecondFactorChallenge = z
  .strictObject({ challengeToken: ChallengeToken })
  .meta({ id: 'ChallengeToken' });
export const SecondFactorCode = z.strictObject({ code: Code }).meta({ id: 'SecondFactorCode' });

export const EnrolmentResource = z
  .object({
    secret: z.string().meta({ description: 'For typing into the app: base32' }),
    uri: z.string().meta({ description: '`otpauth://…`, for a QR code' }),
  })
  .meta({ id: 'SecondFactorEnrolment' });
export const RecoveryCodes = z
  .object({
    recoveryCodes: z
      .array(z.string())
      .meta({ description: 'Each signs in once. They are shown here and never again.' }),
  })
  .meta({ id: 'RecoveryCodes' });
export const SecondFactorState = z
  .object({ enrolled: z.boolean(), recoveryCodesLeft: z.int() })
  .meta({ id: 'SecondFactorState' });

export const enrolmentResource = ({ secret, uri }: { secret: Secret<string>; uri: Secret<string> }) => ({
  secret: secret.reveal(),
  uri: uri.reveal(),
});
export const recoveryCodesOf = (codes: readonly Secret<string>[]) => codes.map((code) => code.reveal());
