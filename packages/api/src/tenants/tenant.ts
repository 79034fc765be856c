import type { KeyBounds } from '../platform/access/grant.ts';
import type { TenantSettings } from '../settings/index.ts';

/**
 * `suspended`: its API answers 403 and none of its devices is on a VPN server; resuming restores both. `deleting`:
 * closed for good; the rest waits for VPN servers to acknowledge the removal of its devices.
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

/** An API key without the key itself. */
export interface ApiKey extends KeyBounds {
  readonly id: string;
  readonly name: string;
  /** The first characters, to distinguish keys. */
  readonly prefix: string;
  readonly createdAt: Date;
  /** The key that made it; null: the operator. */
  readonly parentId: string | null;
  /** The key that it replaced; null for none. */
  readonly replacesId: string | null;
  /** To about a minute; null if never used. */
  readonly lastUsedAt: Date | null;
  /** Null while the key works. */
  readonly revokedAt: Date | null;
}
