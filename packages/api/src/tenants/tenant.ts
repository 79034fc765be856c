import type { KeyBounds } from '../platform/access/grant.ts';
import type { TenantSettings } from '../settings/index.ts';

/**
 * `suspended`: its API answers 403 and none of its devices is on a VPN server; resumed, all of that comes back.
 * `deleting`: as good as gone; what is left waits for VPN servers to acknowledge the removal of its devices.
 */
export type TenantState = 'active' | 'suspended' | 'deleting';

/** A business that puts the VPN into its own product. */
export interface Tenant extends TenantSettings {
  readonly id: string;
  readonly name: string;
  readonly state: TenantState;
  /** Devices that count against the limit: live and suspended ones. */
  readonly deviceCount: number;
  readonly createdAt: Date;
}

/** What is known of an API key: everything but the key. */
export interface ApiKey extends KeyBounds {
  readonly id: string;
  readonly name: string;
  /** The first characters, to tell keys apart. */
  readonly prefix: string;
  readonly createdAt: Date;
  /** The key that made it; null: the operator did. */
  readonly parentId: string | null;
  /** The key that it came in the place of; null for none. */
  readonly replacesId: string | null;
  /** To about a minute; null where it never was. */
  readonly lastUsedAt: Date | null;
  /** Null while it opens the API. */
  readonly revokedAt: Date | null;
}
