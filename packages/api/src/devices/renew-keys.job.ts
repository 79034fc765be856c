import type { Vault } from '../platform/crypto/vault.ts';
import { CVaultError } from '../platform/errors.ts';
import type { Items } from '../platform/jobs/items.ts';
import type { Job } from '../platform/jobs/job.ts';
import { newKeys } from './keys.ts';
import type { DeviceStore, PeerPush } from './ports.ts';
import { BATCH, type DeviceUpkeepStore, type KeyToRotate, ROUNDS, inBatches } from './upkeep.ts';

/** How late keys are replaced; their age is counted in days. */
const EVERY_MS = 60_000;
/** A day: a client that has not fetched the new configuration by then has no tunnel until it does. */
const SCHEDULED_OVERLAP_SECONDS = 86_400;

export interface RenewKeysDeps {
  readonly upkeep: Omit<DeviceUpkeepStore, 'endOverlaps' | 'holdExpired'>;
  readonly devices: Pick<DeviceStore, 'rotate'>;
  readonly peers: Pick<PeerPush, 'wake'>;
  readonly vault: Vault;
}

/** Changes keys that are to be changed, tells of those that end soon, and holds devices whose keys are too old. */
export function renewKeys({ upkeep, devices, peers, vault }: RenewKeysDeps) {
  /** Null if another replica was faster. */
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

  async function rotateOldKeys(items: Items): Promise<number> {
    let rotated = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const due = await upkeep.keysToRotate(BATCH, items.resting());
      const serverIds: string[] = [];
      for (const key of due) {
        const serverId = await items.attempt(key.deviceId, () => rotate(key));
        if (serverId !== null) serverIds.push(serverId);
      }
      peers.wake(serverIds);
      rotated += serverIds.length;
      if (due.length < BATCH) break;
    }
    return rotated;
  }

  return {
    name: 'renew keys',
    everyMs: EVERY_MS,
    run: async (items: Items) => ({
      keysRotated: await rotateOldKeys(items),
      warnings: await inBatches(upkeep.warnOfKeyExpiry, peers, items),
      devicesHeld: await inBatches(upkeep.holdOldKeys, peers, items),
      devicesReleased: await inBatches(upkeep.releaseYoungKeys, peers, items),
    }),
  } satisfies Job;
}
