import type { Device } from './device.ts';

/** Where a device is to be. Both null: anywhere; at most one of them is set. */
export interface PlacementWish {
  readonly region: string | null;
  readonly serverId: string | null;
}

export interface NewDevice extends PlacementWish {
  readonly id: string;
  readonly tenantId: string;
  readonly userId: string;
  readonly name: string;
  readonly publicKey: Buffer;
  readonly sealedPrivateKey: Buffer | null;
}

/** Which devices a caller may see: those of one user. */
export interface Owner {
  readonly tenantId: string;
  readonly userId: string;
}

/** A device after a move. */
export interface MovedDevice {
  readonly device: Device;
  /** The VPN server that it was on before; null where it was in its place already and nothing changed. */
  readonly leftServerId: string | null;
}

/** Devices, their leases and their quota: each write is one transaction that keeps all of them in step. */
export interface DeviceStore {
  /**
   * Leases the address that was free the longest, writes the device and its outbox entry, and counts it.
   * Nothing is kept where it throws.
   * @throws CVaultError `unknown_region`, `unknown_server`, `server_not_open`, `pool_exhausted`, `public_key_taken`,
   * `device_limit_reached`
   */
  register(device: NewDevice): Promise<Device>;
  /** Newest last; deleted ones are left out. */
  list(owner: Owner): Promise<Device[]>;
  /** Null where there is none, or where it is another's or deleted. */
  find(owner: Owner, id: string): Promise<Device | null>;
  /** Null as with `find`. A name is not on the VPN server, so the generation stays. */
  rename(owner: Owner, id: string, name: string): Promise<Device | null>;
  /**
   * Gives it an address on another VPN server, under the same id and key: a live or suspended one; null as with `find`,
   * and where it has failed. It stays where it is if that is what was named. Nothing is changed where it throws.
   * @throws CVaultError `unknown_region`, `unknown_server`, `server_not_open`, `pool_exhausted`
   */
  move(owner: Owner, id: string, wish: PlacementWish): Promise<MovedDevice | null>;
  /**
   * Marks it deleted, gives its quota back, drains its address and forgets its private key; null as with `find`.
   * Deleted is final: its key and address come free once the VPN server has acknowledged the removal.
   */
  delete(owner: Owner, id: string): Promise<Device | null>;
}

/** What became of a change that was handed to a VPN server. */
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
  /** Answers when the VPN server has acknowledged the device's generation, or after the deadline. */
  push(device: Device): Promise<PushResult>;
  /** Has the outbox entries of these VPN servers looked at now. */
  wake(serverIds: readonly string[]): void;
}
