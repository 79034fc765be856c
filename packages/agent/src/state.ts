import type { ObservedPeer } from './backend.ts';
import { samePrefixes } from './host-prefix.ts';

/** Entries read in one step: well under a millisecond. */
const STEP_PEERS = 250;

/** A device's state after this epoch's ops. A removed one stays known, so that an older `set` cannot restore it. */
export type DeviceRecord =
  | {
      readonly kind: 'present';
      readonly generation: number;
      readonly publicKey: string;
      readonly prefixes: readonly string[];
      /**
       * The key that keeps the addresses until the new key has had a handshake; undefined if the new key has them.
       */
      readonly replacing: string | undefined;
      /** Whether the op contained a preshared key. The key itself is not kept. */
      readonly hasPresharedKey: boolean;
      /** Ids of the budgets that its packets are counted against. */
      readonly budgets: readonly string[];
      /** `digestOfPeer` of the op. */
      readonly digest: bigint;
    }
  | {
      readonly kind: 'removed';
      readonly generation: number;
      /** False while an unclaimed peer could still be this device's, from an earlier epoch. */
      readonly proven: boolean;
    };

export type PresentDevice = Extract<DeviceRecord, { kind: 'present' }>;

/**
 * The agent's state: the peers on the interface (as last read and changed since), and the devices that claim them.
 * The two are separate because either can change without the other: a peer removed by hand leaves its device
 * behind. Every query costs one map lookup, whatever the number of peers.
 */
export class InterfaceState {
  readonly #peers = new Map<string, readonly string[]>();
  readonly #holders = new Map<string, string>();
  readonly #devices = new Map<string, DeviceRecord>();
  readonly #keyOwners = new Map<string, string>();
  readonly #prefixOwners = new Map<string, string>();
  /** The devices whose peer is on the interface exactly as their op wants it, each with its digest. */
  readonly #orderly = new Map<string, bigint>();
  readonly #replacing = new Set<string>();
  #digest = 0n;
  #present = 0;
  #unclaimed = 0;
  #undo: (() => void)[] = [];

  get peerCount(): number {
    return this.#peers.size;
  }

  /** How many peers on the interface are claimed by no device in this epoch. */
  get unclaimedPeers(): number {
    return this.#unclaimed;
  }

  /** How many devices have their peer on the interface exactly as their op wants it. */
  get orderlyDevices(): number {
    return this.#orderly.size;
  }

  /** XOR of their digests. Updated with every change, so reading it costs nothing. */
  get digest(): bigint {
    return this.#digest;
  }

  /** Peers that no device claims, and devices whose peer is missing or differs. */
  get drifted(): number {
    return this.#unclaimed + this.#present - this.#orderly.size;
  }

  /** The allowed IPs of a peer; undefined if the interface has no such peer. */
  allowedIps(publicKey: string): readonly string[] | undefined {
    return this.#peers.get(publicKey);
  }

  /** The key of the peer that holds exactly this prefix. */
  holder(prefix: string): string | undefined {
    return this.#holders.get(prefix);
  }

  device(deviceId: string): DeviceRecord | undefined {
    return this.#devices.get(deviceId);
  }

  /** The devices whose new key waits for its first handshake. */
  get replacingDevices(): ReadonlySet<string> {
    return this.#replacing;
  }

  isOrderly(deviceId: string): boolean {
    return this.#orderly.has(deviceId);
  }

  /** All devices as known now. Copied as two lists, which takes less than a millisecond for 50,000. */
  devicesNow(): { readonly ids: readonly string[]; readonly records: readonly DeviceRecord[] } {
    return { ids: [...this.#devices.keys()], records: [...this.#devices.values()] };
  }

  /** The device that claims a key, even if the interface has no such peer. */
  keyOwner(publicKey: string): string | undefined {
    return this.#keyOwners.get(publicKey);
  }

  prefixOwner(prefix: string): string | undefined {
    return this.#prefixOwners.get(prefix);
  }

  publicKeys(): IterableIterator<string> {
    return this.#peers.keys();
  }

  setPeer(publicKey: string, allowedIps: readonly string[]): void {
    const before = this.#peers.get(publicKey);
    this.#undo.push(() => {
      this.#putPeer(publicKey, before);
    });
    this.#putPeer(publicKey, allowedIps);
  }

  deletePeer(publicKey: string): void {
    const before = this.#peers.get(publicKey);
    this.#undo.push(() => {
      this.#putPeer(publicKey, before);
    });
    this.#putPeer(publicKey, undefined);
  }

  setDevice(deviceId: string, record: DeviceRecord): void {
    const before = this.#devices.get(deviceId);
    this.#undo.push(() => {
      this.#putDevice(deviceId, before);
    });
    this.#putDevice(deviceId, record);
  }

  /** Keeps the changes since the last commit or rollback. */
  commit(): void {
    this.#undo = [];
  }

  /** Undoes the changes since the last commit or rollback. */
  rollback(): void {
    for (const undo of this.#undo.reverse()) undo();
    this.#undo = [];
  }

  /**
   * Updates the state from a reading of the interface. `touched` are the keys that the agent changed after the
   * reading began. They stay as they are, since the reading may be older.
   */
  observe(peers: readonly ObservedPeer[], touched: ReadonlySet<string>): void {
    const steps = this.observing(peers, touched);
    while (steps.next().done !== true);
  }

  /** The same in small steps. Batches may run between them if they record the keys they change in `touched`. */
  *observing(peers: readonly ObservedPeer[], touched: ReadonlySet<string>): Generator<undefined, void> {
    const seen = new Set<string>();
    let steps = 0;
    for (const peer of peers) {
      if (++steps % STEP_PEERS === 0) yield;
      seen.add(peer.publicKey);
      if (touched.has(peer.publicKey)) continue;
      const known = this.#peers.get(peer.publicKey);
      if (known !== undefined && samePrefixes(known, peer.allowedIps)) continue;
      const allowedIps = peer.allowedIps.filter((prefix) => {
        const holder = this.#holders.get(prefix);
        return holder === undefined || !touched.has(holder);
      });
      this.#putPeer(peer.publicKey, allowedIps);
    }
    for (const publicKey of this.#peers.keys()) {
      if (++steps % STEP_PEERS === 0) yield;
      if (!seen.has(publicKey) && !touched.has(publicKey)) this.#putPeer(publicKey, undefined);
    }
  }

  /** Takes a prefix from the peer that held it, as the interface does. */
  #putPeer(publicKey: string, allowedIps: readonly string[] | undefined): void {
    const before = this.#peers.get(publicKey);
    for (const prefix of before ?? []) {
      if (this.#holders.get(prefix) === publicKey) this.#holders.delete(prefix);
    }
    if (allowedIps === undefined) {
      this.#peers.delete(publicKey);
    } else {
      for (const prefix of allowedIps) {
        const holder = this.#holders.get(prefix);
        const held = holder === undefined ? undefined : this.#peers.get(holder);
        if (holder !== undefined && held !== undefined) {
          this.#peers.set(
            holder,
            held.filter((other) => other !== prefix),
          );
          this.#judge(this.#keyOwners.get(holder));
        }
        this.#holders.set(prefix, publicKey);
      }
      this.#peers.set(publicKey, allowedIps);
    }
    if (!this.#keyOwners.has(publicKey)) {
      this.#unclaimed += Number(allowedIps !== undefined) - Number(before !== undefined);
    }
    this.#judge(this.#keyOwners.get(publicKey));
  }

  #putDevice(deviceId: string, record: DeviceRecord | undefined): void {
    const before = this.#devices.get(deviceId);
    if (before?.kind === 'present') {
      this.#present--;
      this.#replacing.delete(deviceId);
      for (const publicKey of keysOf(before)) {
        this.#keyOwners.delete(publicKey);
        if (this.#peers.has(publicKey)) this.#unclaimed++;
      }
      for (const prefix of before.prefixes) this.#prefixOwners.delete(prefix);
    }
    if (record === undefined) this.#devices.delete(deviceId);
    else this.#devices.set(deviceId, record);
    if (record?.kind === 'present') {
      this.#present++;
      if (record.replacing !== undefined) this.#replacing.add(deviceId);
      for (const publicKey of keysOf(record)) {
        this.#keyOwners.set(publicKey, deviceId);
        if (this.#peers.has(publicKey)) this.#unclaimed--;
      }
      for (const prefix of record.prefixes) this.#prefixOwners.set(prefix, deviceId);
    }
    this.#judge(deviceId);
  }

  /** Updates the digest after a change of a device or its peer. */
  #judge(deviceId: string | undefined): void {
    if (deviceId === undefined) return;
    this.#digest ^= this.#orderly.get(deviceId) ?? 0n;
    this.#orderly.delete(deviceId);
    const record = this.#devices.get(deviceId);
    if (record?.kind !== 'present') return;
    const carrying = this.#peers.get(record.replacing ?? record.publicKey);
    if (carrying === undefined || !samePrefixes(carrying, record.prefixes)) return;
    if (record.replacing !== undefined && this.#peers.get(record.publicKey)?.length !== 0) return;
    this.#orderly.set(deviceId, record.digest);
    this.#digest ^= record.digest;
  }
}

/** The keys that a device claims. */
export function keysOf({ publicKey, replacing }: PresentDevice): string[] {
  return replacing === undefined ? [publicKey] : [publicKey, replacing];
}
