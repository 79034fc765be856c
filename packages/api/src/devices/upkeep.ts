import type { Items } from '../platform/jobs/items.ts';
import type { Owner, PeerPush } from './ports.ts';

/** Devices handled in one transaction. */
export const BATCH = 500;
/** Batches of one kind in one run, which limits how long the other kinds wait. */
export const ROUNDS = 20;

/** Days before a key's end at which its tenant is warned, once each. If both are due, only the nearer one is sent. */
export const KEY_WARNING_DAYS = { first: 14, last: 3 } as const;

/** A key made here that is older than its tenant wants. */
export interface KeyToRotate {
  readonly owner: Owner;
  readonly deviceId: string;
  readonly publicKey: Buffer;
}

/** A part of the due work: the number of devices, and the VPN servers to notify. */
export interface UpkeepBatch {
  readonly devices: number;
  readonly serverIds: readonly string[];
}

/** Work on devices that falls due with time, by the database's clock. Any number of replicas may call it at once. */
export interface DeviceUpkeepStore {
  /** Old keys whose overlap is over stop working. */
  readonly endOverlaps: (limit: number, items: Items) => Promise<UpkeepBatch>;
  /** Devices whose expiry has passed are held. */
  readonly holdExpired: (limit: number, items: Items) => Promise<UpkeepBatch>;
  /** Tenants are warned of keys that end within `KEY_WARNING_DAYS`. */
  readonly warnOfKeyExpiry: (limit: number, items: Items) => Promise<UpkeepBatch>;
  /** Devices whose key is older than their tenant allows are held. */
  readonly holdOldKeys: (limit: number, items: Items) => Promise<UpkeepBatch>;
  /** Devices held for their key are released if their tenant now allows a longer life. */
  readonly releaseYoungKeys: (limit: number, items: Items) => Promise<UpkeepBatch>;
  /** @param without devices that must wait */
  keysToRotate(limit: number, without: readonly string[]): Promise<KeyToRotate[]>;
}

/** Does one kind of work in batches; answers how many devices that were. */
export async function inBatches(
  part: (limit: number, items: Items) => Promise<UpkeepBatch>,
  peers: Pick<PeerPush, 'wake'>,
  items: Items,
): Promise<number> {
  let done = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const { devices, serverIds } = await part(BATCH, items);
    peers.wake(serverIds);
    done += devices;
    if (devices < BATCH) break;
  }
  return done;
}
