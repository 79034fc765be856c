import type { Secret } from '../crypto/secret.ts';
import type { KeyGrant } from './grant.ts';
import type { TenantPolicy } from './principal.ts';

/** What an access token says. */
export interface AccessTokenClaims {
  readonly tenantId: string;
  readonly userId: string;
  readonly signInId: string;
}

export interface AccessTokens {
  /** How long a token lasts. */
  readonly lifetimeSeconds: number;
  issue(claims: AccessTokenClaims): Promise<Secret<string>>;
  /** What a token says that this process has issued or verified lately and that is still good; null for any other. */
  recall(token: string): AccessTokenClaims | null;
  /** Null for everything that is not a token of ours, for this tenant, for its purpose, within its time. */
  verify(token: string, tenantId: string): Promise<AccessTokenClaims | null>;
}

/** What the database knows of an API key and, where one was asked for, of a sign-in. */
export interface FoundIdentity {
  readonly tenantId: string;
  readonly tenantState: 'active' | 'suspended' | 'deleting';
  readonly policy: TenantPolicy;
  readonly key: KeyGrant & {
    /** The key may be used from where the request comes. */
    readonly sourceAllowed: boolean;
  };
  /** Null where none was asked for, or where it is not this tenant's, has ended, or its user is being deleted. */
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
   * Everything that one request's credentials stand for, in one read, so that revoking, suspending and signing out act
   * with the next request. Null where the API key is unknown, revoked or expired.
   * @param source the client's address; null where it is not known, and then keys with a list of sources are refused
   */
  find(
    apiKeyHash: Buffer,
    source: string | null,
    signIn: Pick<AccessTokenClaims, 'userId' | 'signInId'> | null,
  ): Promise<FoundIdentity | null>;
}

/** Told which API keys are used. */
export interface KeyUses {
  /** Costs nothing: it is written down later, and once a minute at most. */
  saw(keyId: string): void;
}
