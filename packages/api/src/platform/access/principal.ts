import type { KeyGrant } from './grant.ts';

/** A user whose identity was proven, with the epoch of their credentials at that time. */
export interface ProvenUser {
  readonly tenantId: string;
  readonly userId: string;
  /** Raised whenever sign-ins end. A proof from an earlier epoch is void. */
  readonly credentialsEpoch: number;
}

/** How a tenant's requests are treated. Read with every request, so changes take effect at once. */
export interface TenantPolicy {
  readonly passwordLengthMin: number;
  /** Requests per client and window on authentication routes. */
  readonly authRateLimit: number;
  readonly authRateWindowSeconds: number;
  /** Requests per minute: of the tenant, of each API key, of each user, of each client address of its users. */
  readonly tenantRateLimit: number;
  readonly keyRateLimit: number;
  readonly userRateLimit: number;
  readonly clientRateLimit: number;
}

/** A tenant's backend, identified by its API key. */
export interface TenantPrincipal {
  readonly kind: 'tenant';
  readonly tenantId: string;
  readonly key: KeyGrant;
  readonly policy: TenantPolicy;
}

/** An end user, identified by the tenant's API key and the user's access token. */
export interface UserPrincipal extends ProvenUser {
  readonly kind: 'user';
  readonly key: KeyGrant;
  readonly policy: TenantPolicy;
  readonly email: string;
  readonly userCreatedAt: Date;
  readonly signInId: string;
}

/** The operator, identified by the admin key. */
export interface AdminPrincipal {
  readonly kind: 'admin';
}

/** The sender of a request. */
export type Principal = TenantPrincipal | UserPrincipal | AdminPrincipal;
