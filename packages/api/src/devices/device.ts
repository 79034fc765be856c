import type { PeerLimits } from '../fleet/index.ts';
import type { ConfigurationSettings } from '../settings/index.ts';
import type { DeviceFields } from './fields.ts';
import type { Hold } from './hold.ts';

/** The wanted state of a device. It is on its VPN server while `live`, and absent from it in every other state. */
export type DeviceState = 'live' | 'suspended' | 'failed' | 'deleted';

/** The status that callers see: the state, and whether the VPN server has acknowledged it. */
export type DeviceStatus = 'pending' | 'active' | 'suspended' | 'failed' | 'removing';

/** Where a device connects to. */
export interface Placement {
  readonly serverId: string;
  readonly serverName: string;
  readonly region: string;
  /** IP address; IPv6 without brackets. */
  readonly endpointHost: string;
  readonly endpointPort: number;
  /** A second address of the same port; null where it has none. */
  readonly endpointHost6: string | null;
  readonly serverPublicKey: Buffer;
  /** The epoch of the agent that was last reconciled; null where none ever was. */
  readonly serverEpoch: string | null;
  /** The VPN server is not reachable. */
  readonly serverAway: boolean;
}

/** A customer's machine: desired state. What is on the interface is a peer. */
export interface Device {
  readonly id: string;
  readonly tenantId: string;
  readonly userId: string;
  /** The fields that its owner sets. */
  readonly fields: DeviceFields;
  readonly state: DeviceState;
  /** Raised by every change that the VPN server must see; starts at 1. */
  readonly generation: number;
  /** The highest generation that the VPN server acknowledged; 0 for none. */
  readonly appliedGeneration: number;
  /** The epoch that acknowledged it; null for none. */
  readonly appliedEpoch: string | null;
  /** Why it failed; null unless it has. */
  readonly failure: string | null;
  /** 32 bytes. */
  readonly publicKey: Buffer;
  /** Sealed; null where the device made its own key pair. */
  readonly sealedPrivateKey: Buffer | null;
  /** Its tenant wants private keys that were made here to be told once. */
  readonly privateKeyOnce: boolean;
  /** The private key was told, and is forgotten. */
  readonly privateKeyErased: boolean;
  /** Sealed; null for none. */
  readonly sealedPresharedKey: Buffer | null;
  /** The key before this one, while it still works; null outside of a change of keys. */
  readonly replacesKey: Buffer | null;
  /** When the old key stops at the latest; set together with `replacesKey`. */
  readonly overlapUntil: Date | null;
  readonly keyChangedAt: Date;
  /** When the tenant takes the key for too old and holds the device; null for never. */
  readonly keyExpiresAt: Date | null;
  readonly assignedIp: string;
  /** Null where its VPN server has no IPv6 in the tunnel. */
  readonly assignedIp6: string | null;
  /** Why it is suspended; empty while it is live. */
  readonly holds: readonly Hold[];
  /** The settings of its configuration: its own fields, else the tenant's settings. */
  readonly configuration: ConfigurationSettings;
  /** Devices with the same one reach each other; null: it reaches none. */
  readonly network: string | null;
  readonly limits: PeerLimits;
  /** Null where it never connected. */
  readonly lastConnectedAt: Date | null;
  readonly createdAt: Date;
  readonly placement: Placement;
}

/** IPv4 first: the order that the VPN server's digest has them in. */
export function tunnelAddressesOfDevice({
  assignedIp,
  assignedIp6,
}: Pick<Device, 'assignedIp' | 'assignedIp6'>): string[] {
  return assignedIp6 === null ? [assignedIp] : [assignedIp, assignedIp6];
}

/** A device is active only while the life of the agent that acknowledged its newest generation goes on. */
export function statusOf(device: Device): DeviceStatus {
  switch (device.state) {
    case 'live':
      return device.appliedGeneration === device.generation &&
        device.appliedEpoch === device.placement.serverEpoch
        ? 'active'
        : 'pending';
    case 'suspended':
      return 'suspended';
    case 'failed':
      return 'failed';
    case 'deleted':
      return 'removing';
  }
}

/**
 * Why it is not active: `conflict`, `invalid` or `full` where its VPN server refused it, the names of its holds, or
 * `vpn_server_away`. Null where nothing is in the way.
 */
export function reasonOf(device: Device, status: DeviceStatus): string | null {
  switch (status) {
    case 'failed':
      return device.failure;
    case 'suspended':
      return device.holds.join(', ');
    case 'pending':
    case 'removing':
      return device.placement.serverAway ? 'vpn_server_away' : null;
    case 'active':
      return null;
  }
}
