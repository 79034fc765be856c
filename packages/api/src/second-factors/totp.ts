import { randomBytes } from 'node:crypto';
import { Secret } from '../platform/crypto/secret.ts';
import type { TotpCodes } from './codes.ts';
import { Secret as TotpSecret, TOTP } from 'otpauth';

/** RFC 4226 section 4 R6: the length of SHA-1, which every authenticator app supports. */
const SECRET_BYTES = 20;
const PERIOD_SECONDS = 30;
/** Clocks differ, and people type slowly. */
const STEPS_AROUND = 1;

/**
 * The label has the form `issuer:account`, so neither part may contain a colon: FreeOTP and others refuse it (Key
 * Uri Format). Line ends and control characters are removed too.
 */
const labelOf = (text: string) =>
  text
    .replace(/[:\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();

const totpOf = (secret: Secret<Buffer>, label = '', issuer = '') =>
  new TOTP({
    secret: new TotpSecret({ buffer: new Uint8Array(secret.reveal()).buffer }),
    algorithm: 'SHA1',
    digits: 6,
    period: PERIOD_SECONDS,
    label,
    issuer,
  });

export const totpCodes: TotpCodes = {
  newSecret: () => new Secret(randomBytes(SECRET_BYTES)),

  describe(secret, account, issuer) {
    const totp = totpOf(secret, labelOf(account), labelOf(issuer));
    return { secret: new Secret(totp.secret.base32), uri: new Secret(totp.toString()) };
  },

  stepOf(secret, code, now) {
    // The library compares six characters byte by byte, and throws if they have more than six bytes.
    if (!/^[0-9]{6}$/.test(code)) return null;
    const timestamp = now.getTime();
    const delta = totpOf(secret).validate({ token: code, timestamp, window: STEPS_AROUND });
    return delta === null ? null : Math.floor(timestamp / 1_000 / PERIOD_SECONDS) + delta;
  },
};
