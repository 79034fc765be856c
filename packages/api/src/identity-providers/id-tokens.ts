import { createHash } from 'node:crypto';
import { FifoCache } from '../platform/access/fifo-cache.ts';
import type { Clock } from '../platform/clock.ts';
import { type OutboundHttp, OutboundError } from '../platform/outbound/ports.ts';
import type { IdentityProvider, IdTokenVerifier } from './service.ts';
import { createLocalJWKSet, decodeJwt, errors, type JSONWebKeySet, jwtVerify } from 'jose';
import { z } from 'zod';

/** How long a provider's keys are used before they are fetched again. */
const KEYS_FRESH_MS = 10 * 60_000;
/** The shortest interval between fetches for an unknown key, since forged tokens can name any key. */
const KEYS_AGAIN_MS = 30_000;
const PROVIDERS_MAX = 1_000;
const CLOCK_TOLERANCE_SECONDS = 30;
/** ID tokens are meant to be exchanged when new, and none lasts longer than a day. */
const AGE_MAX = '24h';
const SUBJECT_CHARACTERS_MAX = 255;

const Keys = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) });
const Metadata = z.looseObject({ issuer: z.string(), jwks_uri: z.string() });
/**
 * PostgreSQL stores no U+0000, and a lone surrogate would become U+FFFD, which would merge two subjects into one
 * user.
 */
const STORABLE = /^[^\0\p{Cs}]*$/u;
/** The end of the year 9999 in seconds, the last time that RFC 3339 can express. */
const LAST_SECOND = 253_402_300_799;

const Claims = z.object({
  sub: z.string().min(1).max(SUBJECT_CHARACTERS_MAX).regex(STORABLE),
  iat: z.number(),
  exp: z.number().max(LAST_SECOND),
  aud: z.union([z.string(), z.array(z.string())]),
  azp: z.string().optional(),
});

interface KnownKeys {
  readonly readAt: number;
  readonly keys: ReturnType<typeof createLocalJWKSet>;
}

export interface IdTokenVerifierOptions {
  readonly outbound: Pick<OutboundHttp, 'getJson'>;
  readonly clock: Clock;
}

/** A provider's failure to answer makes its tokens invalid. It is not a fault of ours. */
const isProvidersFault = (error: unknown) =>
  error instanceof OutboundError || error instanceof z.ZodError || error instanceof errors.JOSEError;

/** Verifies ID tokens (OpenID Connect Core, section 3.1.3.7) of providers that tenants choose. */
export function createIdTokenVerifier({ outbound, clock }: IdTokenVerifierOptions): IdTokenVerifier {
  const known = new FifoCache<string, KnownKeys>(PROVIDERS_MAX);
  const now = () => clock.now().getTime();

  async function jwksOf({ issuer, jwksUrl, jwks }: IdentityProvider): Promise<unknown> {
    if (jwks !== null) return jwks;
    if (jwksUrl !== null) return outbound.getJson(jwksUrl);
    const found = Metadata.parse(
      await outbound.getJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`),
    );
    // OpenID Connect Discovery, section 4.3: otherwise one issuer could speak for another.
    if (found.issuer !== issuer) throw new errors.JOSEError('the metadata are of another issuer');
    return outbound.getJson(found.jwks_uri);
  }

  async function keysOf(provider: IdentityProvider, atMostMs: number): Promise<KnownKeys> {
    const found = known.get(provider.id);
    if (found !== undefined && now() - found.readAt < atMostMs) return found;
    const jwks = Keys.parse(await jwksOf(provider)) as unknown as JSONWebKeySet;
    const read = { readAt: now(), keys: createLocalJWKSet(jwks) };
    known.set(provider.id, read);
    return read;
  }

  async function claimsOf(provider: IdentityProvider, token: string, { keys }: KnownKeys) {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      algorithms: [...provider.algorithms],
      issuer: provider.issuer,
      audience: [...provider.audiences],
      requiredClaims: ['sub', 'iat', 'exp'],
      maxTokenAge: AGE_MAX,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: clock.now(),
    });
    // Access tokens (RFC 9068) and logout tokens name their type; an ID token has `JWT` or none.
    const { typ } = protectedHeader;
    if (typ !== undefined && typ.toUpperCase() !== 'JWT') throw new errors.JOSEError('this is no ID token');
    const claims = Claims.parse(payload);
    // With several audiences, `azp` names the client that requested the token.
    const forUs = claims.azp ?? (typeof claims.aud === 'string' ? claims.aud : null);
    if (forUs === null || !provider.audiences.includes(forUs)) {
      throw new errors.JOSEError('the token was made for somebody else');
    }
    return claims;
  }

  return {
    issuerOf(token) {
      try {
        const { iss } = decodeJwt(token);
        return typeof iss === 'string' && STORABLE.test(iss) ? iss : null;
      } catch (error) {
        if (error instanceof errors.JOSEError) return null;
        throw error;
      }
    },

    async verify(provider, token) {
      try {
        const keys = await keysOf(provider, KEYS_FRESH_MS);
        const claims = await claimsOf(provider, token, keys).catch(async (error: unknown) => {
          if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
          return claimsOf(provider, token, await keysOf(provider, KEYS_AGAIN_MS));
        });
        const signed = token.slice(0, token.lastIndexOf('.'));
        return {
          subject: claims.sub,
          // Covers the time in which the token could be reused.
          expiresAt: new Date((claims.exp + CLOCK_TOLERANCE_SECONDS) * 1_000),
          fingerprint: createHash('sha256').update(signed).digest(),
        };
      } catch (error) {
        if (isProvidersFault(error)) return null;
        throw error;
      }
    },
  };
}
