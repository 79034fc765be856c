import { randomBytes } from 'node:crypto';
import { Secret } from '../platform/crypto/secret.ts';
import type { TotpCodes } from './codes.ts';
import { Secret as TotpSecret, TOTP } from 'otpauth';

/** RFC 4226 section 4 R6: as many as SHA-1, which every authenticator app can, works with. */
const SECRET_BYTES = 20;
const PERIOD_SECONDS = 30;
/** Clocks differ, and people type slowly. */
const STEPS_AROUND = 1;

/**
 * Issuer and account stand in one label with a colon between them, so neither may hold one: FreeOTP and others refuse such a
 * label (Key Uri Format). Nor do line ends or what reorders text belong there.
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
    // The library compares what has six characters byte by byte, and throws where those are more than six bytes.
    if (!/^[0-9]{6}$/.test(code)) return null;
    const timestamp = now.getTime();
    const delta = totpOf(secret).validate({ token: code, timestamp, window: STEPS_AROUND });
    return delta === null ? null : Math.floor(timestamp / 1_000 / PERIOD_SECONDS) + delta;
  },
};
