import type { ApiKeyMode } from '../access/api-keys.ts';

/**
 * `suspended`: its API answers 403 and none of its devices is on a VPN server; resumed, all of that comes back.
 * `deleting`: as good as gone; what is left waits for VPN servers to acknowledge the removal of its devices.
 */
export type TenantState = 'active' | 'suspended' | 'deleting';

/** What the operator sets of a tenant. */
export interface TenantSettings {
  readonly name: string;
  readonly deviceLimit: number;
  readonly passwordLengthMin: number;
  /** Requests that one client may send to the authentication routes in one window. */
  readonly authRateLimit: number;
  readonly authRateWindowSeconds: number;
  /** Resolvers in the configurations of its devices, as addresses; empty for none. */
  readonly dns: readonly string[];
}

/** A business that puts the VPN into its own product. */
export interface Tenant extends TenantSettings {
  readonly id: string;
  readonly state: TenantState;
  /** Devices that count against the limit: live and suspended ones. */
  readonly deviceCount: number;
  readonly createdAt: Date;
}

/** What is known of an API key: everything but the key. */
export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly mode: ApiKeyMode;
  /** The first characters, to tell keys apart. */
  readonly prefix: string;
  readonly createdAt: Date;
  /** Null while it opens the API. */
  readonly revokedAt: Date | null;
}
