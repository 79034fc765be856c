import type { Device } from './device.ts';
import type { DeviceChanges, DeviceFields } from './fields.ts';
import type { DeviceKeys } from './keys.ts';

/** Where a device is to be. Both null: anywhere; at most one of them is set. */
export interface PlacementWish {
  readonly region: string | null;
  readonly serverId: string | null;
}

export interface NewDevice extends DeviceKeys, PlacementWish, DeviceFields {
  readonly id: string;
  readonly tenantId: string;
  readonly userId: string;
}

export interface KeyChange extends DeviceKeys {
  /** How long the old key goes on working where the new one is not used yet; 0 for not at all. */
  readonly overlapSeconds: number;
  /** The key that is to be replaced; undefined for whichever it has. Another one meanwhile: nothing is changed. */
  readonly ifPublicKey?: Buffer | undefined;
}

/** Which devices a caller may see: those of one user. */
export interface Owner {
  readonly tenantId: string;
  readonly userId: string;
}

/** A device after a move. */
export interface MovedDevice {
  readonly device: Device;
  /** The VPN server that it was on before; null where it was on none, or in its place already. */
  readonly leftServerId: string | null;
}

/** Devices, their leases and their quota: each write is one transaction that keeps all of them in step. */
export interface DeviceStore {
  /**
   * Leases the address that was free the longest, writes the device and its outbox entry, and counts it.
   * Nothing is kept where it throws.
   * @throws CVaultError `unknown_region`, `unknown_server`, `server_not_open`, `pool_exhausted`, `public_key_taken`,
   *   `device_limit_reached`, `user_device_limit_reached`, `churn_limit`
   */
  register(device: NewDevice): Promise<Device>;
  /** Newest last; deleted ones are left out. */
  list(owner: Owner): Promise<Device[]>;
  /** Null where there is none, or where it is another's or deleted. */
  find(owner: Owner, id: string): Promise<Device | null>;
  /**
   * Null as with `find`. Name and configuration are not on the VPN server, so the generation stays; a new expiry
   * releases the hold of the old one.
   */
  update(owner: Owner, id: string, changes: DeviceChanges): Promise<Device | null>;
  /**
   * Gives it other keys; id, addresses and everything else stay. A device that only its old key held is live again. The
   * old key comes free for its tenant alone, once the VPN server has acknowledged that it is gone. Null as with `find`.
   * @throws CVaultError `public_key_taken`; `state_conflict` where it failed or `ifPublicKey` is not its key
   */
  rotate(owner: Owner, id: string, change: KeyChange): Promise<Device | null>;
  /**
   * Gives it an address on another VPN server, under the same id and key; null as with `find`. It stays where it is if that is
   * what was named. One that failed gets an address anew, on the same VPN server or another, and counts again. Nothing is
   * changed where it throws.
   * @throws CVaultError `unknown_region`, `unknown_server`, `server_not_open`, `pool_exhausted`, `churn_limit`; of one that
   *   failed also `device_limit_reached`, `user_device_limit_reached`
   */
  move(owner: Owner, id: string, wish: PlacementWish): Promise<MovedDevice | null>;
  /** Forgets the private key for good: of many who do at once, one is answered true. False where it is another one, too. */
  erasePrivateKey(owner: Owner, id: string, sealed: Buffer): Promise<boolean>;
  /**
   * Marks it deleted, gives its quota back, drains its address and forgets its private key; null as with `find`.
   * Deleted is final: its key and address come free once the VPN server has acknowledged the removal.
   */
  delete(owner: Owner, id: string): Promise<Device | null>;
}

/** The outcome of a change that was pushed to a VPN server. */
export type PushResult =
  | { readonly outcome: 'applied' }
  /** Not acknowledged within the deadline. It completes by itself once the VPN server is back. */
  | { readonly outcome: 'pending' }
  /** Refused for good. */
  | {
      readonly outcome: 'refused';
      readonly reason: 'conflict' | 'invalid' | 'full';
      readonly detail: string;
    };

/** Hands committed changes to VPN servers. Only a faster way than the outbox: losing a call loses nothing. */
export interface PeerPush {
  /** Answers when the VPN server has acknowledged the device's generation, or after the acknowledgement's deadline. */
  push(device: Device): Promise<PushResult>;
  /** Has the outbox entries of these VPN servers looked at now. */
  wake(serverIds: readonly string[]): void;
}
