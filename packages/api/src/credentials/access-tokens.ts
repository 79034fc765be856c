import { createHash, createSecretKey, randomUUID } from 'node:crypto';
import { type AccessTokenClaims, type AccessTokens, type Clock, Secret } from '@cvault/core';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';

const ISSUER = 'cvault';
/** RFC 9068: an access token cannot be taken for an ID token or for anything else that we may sign one day. */
const TYPE = 'at+jwt';
/** One algorithm. The token's own header never chooses. */
const ALGORITHM = 'HS256';
const LIFETIME_SECONDS = 15 * 60;

/** Tokens whose signature was checked lately, so that it is checked once and not with each of a client's requests. */
const REMEMBERED_MAX = 10_000;

interface VerifiedToken {
  readonly claims: AccessTokenClaims;
  /** Unix time in seconds. */
  readonly expires: number;
}

/**
 * All of them have to be there. `iat` is no limit of its own: the clocks of two replicas differ, and a new token must not
 * be refused by the slower one.
 */
const Claims = z
  .object({ aud: z.uuid(), sub: z.uuid(), sid: z.uuid(), jti: z.uuid(), iat: z.int(), exp: z.int() })
  .refine(({ iat, exp }) => exp - iat === LIFETIME_SECONDS);

export interface AccessTokenOptions {
  /** At least 32 bytes. */
  readonly secret: Secret<string>;
  readonly clock: Clock;
}

/** Access tokens as JWTs, signed with a secret that only this platform has. */
export function createAccessTokens({ secret, clock }: AccessTokenOptions): AccessTokens {
  const key = createSecretKey(Buffer.from(secret.reveal()));
  // By hash, so that memory holds no token that could be used. A signature that was good stays good; whether the token
  // has expired is asked each time, and whether its sign-in has ended the database says. Measured: a seventh of the API's
  // time per registration.
  const remembered = new Map<string, VerifiedToken>();

  function remember(hash: string, token: VerifiedToken): void {
    if (remembered.size >= REMEMBERED_MAX) {
      for (const oldest of remembered.keys()) {
        remembered.delete(oldest);
        break;
      }
    }
    remembered.set(hash, token);
  }

  return {
    lifetimeSeconds: LIFETIME_SECONDS,

    async issue({ tenantId, userId, signInId }) {
      const now = Math.floor(clock.now().getTime() / 1000);
      const token = await new SignJWT({ sid: signInId })
        .setProtectedHeader({ alg: ALGORITHM, typ: TYPE })
        .setIssuer(ISSUER)
        .setAudience(tenantId)
        .setSubject(userId)
        .setJti(randomUUID())
        .setIssuedAt(now)
        .setExpirationTime(now + LIFETIME_SECONDS)
        .sign(key);
      return new Secret(token);
    },

    async verify(token) {
      const hash = createHash('sha256').update(token).digest('base64');
      const known = remembered.get(hash);
      if (known !== undefined) {
        if (known.expires > Math.floor(clock.now().getTime() / 1000)) return known.claims;
        remembered.delete(hash);
      }
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: [ALGORITHM],
          typ: TYPE,
          issuer: ISSUER,
          currentDate: clock.now(),
        });
        // Whose audience it is, the caller compares with the API key's tenant.
        const claims = Claims.safeParse(payload);
        if (!claims.success) return null;
        const { aud: tenantId, sub: userId, sid: signInId, exp: expires } = claims.data;
        remember(hash, { claims: { tenantId, userId, signInId }, expires });
        return { tenantId, userId, signInId };
      } catch (error) {
        if (error instanceof errors.JOSEError) return null;
        throw error;
      }
    },
  };
}
