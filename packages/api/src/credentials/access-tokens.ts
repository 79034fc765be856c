import { createSecretKey, randomUUID } from 'node:crypto';
import { type AccessTokens, type Clock, Secret } from '@cvault/core';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';

const ISSUER = 'cvault';
/** RFC 9068: an access token cannot be taken for an ID token or for anything else that we may sign one day. */
const TYPE = 'at+jwt';
/** One algorithm. The token's own header never chooses. */
const ALGORITHM = 'HS256';
const LIFETIME_SECONDS = 15 * 60;

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
        return { tenantId: claims.data.aud, userId: claims.data.sub, signInId: claims.data.sid };
      } catch (error) {
        if (error instanceof errors.JOSEError) return null;
        throw error;
      }
    },
  };
}
