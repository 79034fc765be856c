import type { Secret } from '../crypto/secret.ts';
import type { KeyGrant } from './grant.ts';
import type { TenantPolicy } from './principal.ts';

/** The claims of an access token. */
export interface AccessTokenClaims {
  readonly tenantId: string;
  readonly userId: string;
  readonly signInId: string;
}

export interface AccessTokens {
  /** The lifetime of a token. */
  readonly lifetimeSeconds: number;
  issue(claims: AccessTokenClaims): Promise<Secret<string>>;
  /** The claims of a valid token that this process has issued or verified lately; null for any other. */
  recall(token: string): AccessTokenClaims | null;
  /** Null unless the token is ours, unexpired, and for this tenant and purpose. */
  verify(token: string, tenantId: string): Promise<AccessTokenClaims | null>;
}

/** Database state of an API key and, if requested, of a sign-in. */
export interface FoundIdentity {
  readonly tenantId: string;
  readonly tenantState: 'active' | 'suspended' | 'deleting';
  readonly policy: TenantPolicy;
  readonly key: KeyGrant & {
    /** Whether the key may be used from the request's address. */
    readonly sourceAllowed: boolean;
  };
  /** Null if not requested, not of this tenant or ended, and if the user is being deleted. */
  readonly user: {
    readonly id: string;
    readonly email: string;
    readonly createdAt: Date;
    readonly credentialsEpoch: number;
    readonly suspended: boolean;
  } | null;
}

export interface IdentityStore {
  /**
   * Reads everything about a request's credentials at once, so that revocation, suspension and sign-out take effect
   * with the next request. Null if the API key is unknown, revoked or expired.
   * @param source the client's address; null if unknown, in which case keys with a list of sources are refused
   */
  find(
    apiKeyHash: Buffer,
    source: string | null,
    signIn: Pick<AccessTokenClaims, 'userId' | 'signInId'> | null,
  ): Promise<FoundIdentity | null>;
}

/** Records the use of API keys. */
export interface KeyUses {
  /** Cheap: written to the database later, at most once a minute. */
  saw(keyId: string): void;
}
