import type { KeyGrant } from './grant.ts';

/** Whom a credential has proven, and as of which epoch of their credentials. */
export interface ProvenUser {
  readonly tenantId: string;
  readonly userId: string;
  /** Every ending raises it. What was proven under an earlier one lets nobody in. */
  readonly credentialsEpoch: number;
}

/** What a tenant's row says about how its requests are treated. Read with every request, so a change acts at once. */
export interface TenantPolicy {
  readonly passwordLengthMin: number;
  /** Requests that one client may send to the authentication routes in one window. */
  readonly authRateLimit: number;
  readonly authRateWindowSeconds: number;
  /** Requests in a minute: of the whole tenant, of each API key, of each user, of each client address of its users. */
  readonly tenantRateLimit: number;
  readonly keyRateLimit: number;
  readonly userRateLimit: number;
  readonly clientRateLimit: number;
}

/** A tenant's backend, by its API key. */
export interface TenantPrincipal {
  readonly kind: 'tenant';
  readonly tenantId: string;
  readonly key: KeyGrant;
  readonly policy: TenantPolicy;
}

/** An end user, by the tenant's API key and the user's access token. */
export interface UserPrincipal extends ProvenUser {
  readonly kind: 'user';
  readonly key: KeyGrant;
  readonly policy: TenantPolicy;
  readonly email: string;
  readonly userCreatedAt: Date;
  readonly signInId: string;
}

/** The operator, by the admin key. */
export interface AdminPrincipal {
  readonly kind: 'admin';
}

/** Who sends a request. */
export type Principal = TenantPrincipal | UserPrincipal | AdminPrincipal;
