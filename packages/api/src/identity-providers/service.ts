import type { ProvenUser } from '../platform/access/principal.ts';
import type { OutboundHttp } from '../platform/outbound/ports.ts';
import { OutboundError } from '../platform/outbound/ports.ts';
import { CVaultError, notFound } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';

/** What an ID token may be signed with: asymmetric algorithms alone, so that nobody who verifies one can make one. */
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

/** Public keys as RFC 7517 writes them; what else is in them, nobody looks at. */
interface JsonWebKeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[];
}

export interface IdentityProviderSettings {
  readonly name: string;
  /** As `iss` of its tokens has it. */
  readonly issuer: string;
  /** What `aud` has to name one of: the client ids of the tenant's apps there. */
  readonly audiences: readonly string[];
  readonly algorithms: readonly IdTokenAlgorithm[];
  /** Where its keys are; null where they are given here, or found by OpenID Connect Discovery. */
  readonly jwksUrl: string | null;
  readonly jwks: JsonWebKeySet | null;
}

/** Somebody whom a tenant trusts to say who its users are. */
export interface IdentityProvider extends IdentityProviderSettings {
  readonly id: string;
  readonly createdAt: Date;
}

export interface IdentityProviderStore {
  /** @throws CVaultError `name_taken` where the tenant has one with this issuer */
  create(tenantId: string, id: string, settings: IdentityProviderSettings): Promise<IdentityProvider>;
  /** Oldest first. */
  list(tenantId: string): Promise<readonly IdentityProvider[]>;
  findByIssuer(tenantId: string, issuer: string): Promise<IdentityProvider | null>;
  /** Its users' sign-ins end with it. Answers false where there is none. */
  remove(tenantId: string, id: string): Promise<boolean>;
  /**
   * Uses an ID token up and answers the user that its subject stands for, who is made where there is none yet. Null where the
   * token was used before, where the user is being deleted, or where the provider is gone. Of a suspended user it is not
   * used up.
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
  /** Of what was signed: another signature of it is the same token. */
  readonly fingerprint: Buffer;
}

export interface IdTokenVerifier {
  /** Who a token says that it is from; null where it is none. Nothing is verified. */
  issuerOf(token: string): string | null;
  /** Null for everything that is not an ID token of this provider, for one of its audiences, within its time. */
  verify(provider: IdentityProvider, token: string): Promise<VerifiedIdToken | null>;
}

export interface IdentityProviderServiceDeps {
  readonly providers: IdentityProviderStore;
  readonly outbound: Pick<OutboundHttp, 'check'>;
}

/** A tenant's identity providers. */
export function createIdentityProviderService({ providers, outbound }: IdentityProviderServiceDeps) {
  /** Whether it may be asked at all is told at once; whether it answers is seen at the first token. */
  function checkUrl(url: string, field: 'issuer' | 'jwksUrl'): void {
    try {
      outbound.check(url);
    } catch (cause) {
      if (!(cause instanceof OutboundError)) throw cause;
      throw new CVaultError('invalid_request', `/${field}: ${cause.message}`, {
        cause,
        faults: [{ pointer: `/${field}`, message: cause.message }],
      });
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
