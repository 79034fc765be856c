import type { ProvenUser } from '../platform/access/principal.ts';
import type { OutboundHttp } from '../platform/outbound/ports.ts';
import { OutboundError } from '../platform/outbound/ports.ts';
import { invalidField, notFound } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';

/** Allowed signature algorithms of ID tokens. Only asymmetric ones, so that a verifier cannot issue tokens. */
export const ID_TOKEN_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;

type IdTokenAlgorithm = (typeof ID_TOKEN_ALGORITHMS)[number];

/** Public keys (RFC 7517). Unknown members are ignored. */
interface JsonWebKeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[];
}

export interface IdentityProviderSettings {
  readonly name: string;
  /** `iss` of its tokens. */
  readonly issuer: string;
  /** The tenant's client ids there; `aud` has to name one of them. */
  readonly audiences: readonly string[];
  readonly algorithms: readonly IdTokenAlgorithm[];
  /** URL of its keys; null if they are given here or found by OpenID Connect Discovery. */
  readonly jwksUrl: string | null;
  readonly jwks: JsonWebKeySet | null;
}

/** An identity provider that a tenant trusts to identify its users. */
export interface IdentityProvider extends IdentityProviderSettings {
  readonly id: string;
  readonly createdAt: Date;
}

export interface IdentityProviderStore {
  /** @throws CVaultError `name_taken` if the tenant has one with this issuer */
  create(tenantId: string, id: string, settings: IdentityProviderSettings): Promise<IdentityProvider>;
  /** Oldest first. */
  list(tenantId: string): Promise<readonly IdentityProvider[]>;
  findByIssuer(tenantId: string, issuer: string): Promise<IdentityProvider | null>;
  /** Ends the sign-ins of its users. Returns false if there is none. */
  remove(tenantId: string, id: string): Promise<boolean>;
  /**
   * Uses an ID token and returns its subject's user, who is created if missing. Null if the token was used before,
   * the user is being deleted or the provider is gone. A suspended user's token is not used up.
   */
  useToken(
    tenantId: string,
    providerId: string,
    token: VerifiedIdToken,
    newUserId: string,
  ): Promise<ProvenUser | 'suspended' | null>;
}

export interface VerifiedIdToken {
  readonly subject: string;
  readonly expiresAt: Date;
  /** Hash of the signed part: the same claims with another signature are the same token. */
  readonly fingerprint: Buffer;
}

export interface IdTokenVerifier {
  /** The token's issuer, unverified; null if it is not a JWT. */
  issuerOf(token: string): string | null;
  /** Null unless it is an unexpired ID token of this provider for one of its audiences. */
  verify(provider: IdentityProvider, token: string): Promise<VerifiedIdToken | null>;
}

export interface IdentityProviderServiceDeps {
  readonly providers: IdentityProviderStore;
  readonly outbound: Pick<OutboundHttp, 'check'>;
}

/** A tenant's identity providers. */
export function createIdentityProviderService({ providers, outbound }: IdentityProviderServiceDeps) {
  /** Checks now whether the URL may be fetched. Whether it answers shows with the first token. */
  function checkUrl(url: string, field: 'issuer' | 'jwksUrl'): void {
    try {
      outbound.check(url);
    } catch (cause) {
      if (!(cause instanceof OutboundError)) throw cause;
      throw invalidField(`/${field}`, cause.message, cause);
    }
  }

  return {
    /** @throws CVaultError `invalid_request`, `name_taken` */
    async create(tenantId: string, settings: IdentityProviderSettings): Promise<IdentityProvider> {
      if (settings.jwksUrl !== null) checkUrl(settings.jwksUrl, 'jwksUrl');
      else if (settings.jwks === null) checkUrl(settings.issuer, 'issuer');
      return providers.create(tenantId, newId(), settings);
    },

    list: (tenantId: string): Promise<readonly IdentityProvider[]> => providers.list(tenantId),

    /** @throws CVaultError `not_found` */
    async remove(tenantId: string, id: string): Promise<void> {
      if (!(await providers.remove(tenantId, id))) throw notFound('identity provider');
    },
  };
}

export type IdentityProviderService = ReturnType<typeof createIdentityProviderService>;
