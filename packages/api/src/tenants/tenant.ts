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
  /** Devices that count towards the limit: live and suspended ones. */
  readonly deviceCount: number;
  readonly createdAt: Date;
}
