import type { Secret } from '../secret.ts';
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
  /** Null where none was asked for, or where it is not this tenant's, has ended, or its user may not sign in. */
  readonly user: { readonly id: string; readonly email: string; readonly createdAt: Date } | null;
}

export interface IdentityStore {
  /**
   * Everything that one request's credentials stand for, in one read, so that revoking, suspending and signing out act
   * with the next request. Null where the API key is unknown or revoked.
   */
  find(
    apiKeyHash: Buffer,
    signIn: Pick<AccessTokenClaims, 'userId' | 'signInId'> | null,
  ): Promise<FoundIdentity | null>;
}
