import { createHash, randomUUID } from 'node:crypto';
import type { AccessTokenClaims, AccessTokens } from '../platform/access/ports.ts';
import { FifoCache } from '../platform/access/fifo-cache.ts';
import type { Clock } from '../platform/clock.ts';
import { Secret } from '../platform/crypto/secret.ts';
import { ACCESS_TOKEN_SECONDS, type SigningKeys } from '../signing-keys/index.ts';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';

/** RFC 9068: distinguishes access tokens from ID tokens and other signed tokens. */
const TYPE = 'at+jwt';
/** The only algorithm. The token's own header never chooses. */
const ALGORITHM = 'ES256';

/** Recently verified tokens, so that a signature is checked once and not with every request. */
const REMEMBERED_MAX = 10_000;

interface VerifiedToken {
  readonly claims: AccessTokenClaims;
  readonly keyId: string;
  /** Unix time in seconds. */
  readonly expires: number;
}

/**
 * All claims are required. `iat` is not compared with the clock: replicas' clocks differ, and the slower one must
 * not refuse a new token.
 */
const Claims = z
  .object({ aud: z.uuid(), sub: z.uuid(), sid: z.uuid(), jti: z.uuid(), iat: z.int(), exp: z.int() })
  .refine(({ iat, exp }) => exp - iat === ACCESS_TOKEN_SECONDS);

/**
 * The issuer in a tenant's tokens.
 * @param publicUrl without a trailing slash; empty if not configured
 */
export function issuerOf(publicUrl: string, tenantId: string): string {
  return publicUrl === '' ? `urn:cvault:tenant:${tenantId}` : `${publicUrl}/api/v1/tenants/${tenantId}`;
}

export interface AccessTokenOptions {
  readonly keys: SigningKeys;
  readonly clock: Clock;
  /** Without a trailing slash; empty if not configured. */
  readonly publicUrl: string;
}

/**
 * Issues and verifies access tokens: JWTs signed with the tenant's key, so that the tenant's backend can verify
 * them too.
 */
export function createAccessTokens({ keys, clock, publicUrl }: AccessTokenOptions): AccessTokens {
  // Keyed by hash, so that memory holds no usable token. A signature stays valid as long as its key; expiry is
  // checked each time, and the database knows whether the sign-in has ended.
  const remembered = new FifoCache<string, VerifiedToken>(REMEMBERED_MAX);
  const hashOf = (token: string) => createHash('sha256').update(token).digest('base64');
  const nowSeconds = () => Math.floor(clock.now().getTime() / 1000);

  return {
    lifetimeSeconds: ACCESS_TOKEN_SECONDS,

    async issue(claims) {
      const { tenantId, userId, signInId } = claims;
      const { id: keyId, key } = await keys.signing(tenantId);
      const now = nowSeconds();
      const expires = now + ACCESS_TOKEN_SECONDS;
      const token = await new SignJWT({ sid: signInId })
        .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: keyId })
        .setIssuer(issuerOf(publicUrl, tenantId))
        .setAudience(tenantId)
        .setSubject(userId)
        .setJti(randomUUID())
        .setIssuedAt(now)
        .setExpirationTime(expires)
        .sign(key);
      remembered.set(hashOf(token), { claims: { tenantId, userId, signInId }, keyId, expires });
      return new Secret(token);
    },

    recall(token) {
      const hash = hashOf(token);
      const known = remembered.get(hash);
      if (known === undefined) return null;
      if (known.expires > nowSeconds() && keys.vouches(known.claims.tenantId, known.keyId)) {
        return known.claims;
      }
      remembered.delete(hash);
      return null;
    },

    async verify(token, tenantId) {
      let keyId = '';
      try {
        const { payload } = await jwtVerify(
          token,
          async ({ kid }) => {
            const key = kid === undefined ? null : await keys.verifying(tenantId, kid);
            if (key === null) throw new errors.JWKSNoMatchingKey();
            keyId = kid!;
            return key;
          },
          {
            algorithms: [ALGORITHM],
            typ: TYPE,
            issuer: issuerOf(publicUrl, tenantId),
            currentDate: clock.now(),
          },
        );
        const claims = Claims.safeParse(payload);
        if (!claims.success || claims.data.aud !== tenantId) return null;
        const { sub: userId, sid: signInId, exp: expires } = claims.data;
        remembered.set(hashOf(token), { claims: { tenantId, userId, signInId }, keyId, expires });
        return { tenantId, userId, signInId };
      } catch (error) {
        if (error instanceof errors.JOSEError) return null;
        throw error;
      }
    },
  };
}
