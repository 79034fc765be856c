import type { Items } from '../platform/jobs/items.ts';
import type { Owner, PeerPush } from './ports.ts';

/** Devices that are handled in one transaction. */
export const BATCH = 500;
/** Batches of one kind in one run: bounds how long a run keeps the others waiting. */
export const ROUNDS = 20;

/** Days before a key's end at which its tenant is told; each once, and where both are due the nearer one alone. */
export const KEY_WARNING_DAYS = { first: 14, last: 3 } as const;

/** A key that was made here and is older than its tenant wants. */
export interface KeyToRotate {
  readonly owner: Owner;
  readonly deviceId: string;
  readonly publicKey: Buffer;
}

/** A part of the work that was due: how many devices it was, and the VPN servers that have to hear of it. */
export interface UpkeepBatch {
  readonly devices: number;
  readonly serverIds: readonly string[];
}

/** What falls due for devices as time passes, by the database's clock. Any number of replicas may ask at once. */
export interface DeviceUpkeepStore {
  /** Old keys whose overlap is over stop working. */
  readonly endOverlaps: (limit: number, items: Items) => Promise<UpkeepBatch>;
  /** Devices whose end has come are held. */
  readonly holdExpired: (limit: number, items: Items) => Promise<UpkeepBatch>;
  /** Tenants are told of keys that end within `KEY_WARNING_DAYS`. */
  readonly warnOfKeyExpiry: (limit: number, items: Items) => Promise<UpkeepBatch>;
  /** Devices whose key is older than their tenant allows are held. */
  readonly holdOldKeys: (limit: number, items: Items) => Promise<UpkeepBatch>;
  /** Devices that were held for their key come back where their tenant now allows more. */
  readonly releaseYoungKeys: (limit: number, items: Items) => Promise<UpkeepBatch>;
  /** @param without devices that have to wait */
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
