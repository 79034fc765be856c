import type { Vault } from '../platform/crypto/vault.ts';
import { CVaultError } from '../platform/errors.ts';
import type { Items } from '../platform/jobs/items.ts';
import { newKeys } from './keys.ts';
import type { DeviceStore, Owner, PeerPush } from './ports.ts';

/** Devices that are handled in one transaction. */
const BATCH = 500;
/** Batches of one kind in one run: bounds how long a run keeps the others waiting. */
const ROUNDS = 20;
/** A day: who has not fetched the new configuration by then does without the tunnel until they do. */
const SCHEDULED_OVERLAP_SECONDS = 86_400;

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

export interface DeviceUpkeepDeps {
  readonly upkeep: DeviceUpkeepStore;
  readonly devices: Pick<DeviceStore, 'rotate'>;
  readonly peers: Pick<PeerPush, 'wake'>;
  readonly vault: Vault;
}

/** The periodic work on devices: what ends, and keys that have to be new. */
export function createDeviceUpkeep({ upkeep, devices, peers, vault }: DeviceUpkeepDeps) {
  async function all(
    part: (limit: number, items: Items) => Promise<UpkeepBatch>,
    items: Items,
  ): Promise<void> {
    for (let round = 0; round < ROUNDS; round++) {
      const { devices: count, serverIds } = await part(BATCH, items);
      peers.wake(serverIds);
      if (count < BATCH) return;
    }
  }

  /** Null where somebody else was faster. */
  async function rotate({ owner, deviceId, publicKey }: KeyToRotate): Promise<string | null> {
    try {
      const device = await devices.rotate(owner, deviceId, {
        ...newKeys(vault, { tenantId: owner.tenantId, id: deviceId }, undefined),
        overlapSeconds: SCHEDULED_OVERLAP_SECONDS,
        ifPublicKey: publicKey,
      });
      return device?.placement.serverId ?? null;
    } catch (error) {
      if (error instanceof CVaultError && error.code === 'state_conflict') return null;
      throw error;
    }
  }

  return {
    /** Ends what has an end of its own. Call it every few seconds: its pause is how late an end may be. */
    async endWhatIsDue(items: Items): Promise<void> {
      await all(upkeep.endOverlaps, items);
      await all(upkeep.holdExpired, items);
    },

    /** Changes keys that are to be changed, tells of those that end soon, and holds devices whose keys are too old. Call it every minute or so. */
    async renewKeys(items: Items): Promise<void> {
      for (let round = 0; round < ROUNDS; round++) {
        const due = await upkeep.keysToRotate(BATCH, items.resting());
        const serverIds = [];
        for (const key of due) serverIds.push(await items.attempt(key.deviceId, () => rotate(key)));
        peers.wake(serverIds.filter((id) => id !== null));
        if (due.length < BATCH) break;
      }
      await all(upkeep.warnOfKeyExpiry, items);
      await all(upkeep.holdOldKeys, items);
      await all(upkeep.releaseYoungKeys, items);
    },
  };
}

export type DeviceUpkeep = ReturnType<typeof createDeviceUpkeep>;
