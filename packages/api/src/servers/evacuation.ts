import type { Items } from '../platform/jobs/items.ts';
import type { FleetControl } from './ports.ts';

/** The moving of a VPN server's devices to others. */
export interface Evacuation {
  /** Where they go. */
  readonly region: string;
  /** Devices that it had when this began. */
  readonly total: number;
  /** Those that this has moved. Their owners may have moved or deleted others. */
  readonly moved: number;
  /** Those that are still on it. */
  readonly remaining: number;
  /** Those that had to stay, once it is finished. */
  readonly failed: number;
  /** Why they had to: an error's code, or `enabled` where the VPN server came back into service. Null for none. */
  readonly reason: string | null;
  readonly startedAt: Date;
  /** Null while it goes on. */
  readonly finishedAt: Date | null;
}

export interface EvacuationStore {
  unfinished(): Promise<{ readonly serverId: string; readonly region: string }[]>;
  /** Some devices that are still on it and that nobody else moves just now. */
  next(serverId: string, without: readonly string[]): Promise<readonly string[]>;
  /** Moves these devices; answers the VPN servers that got them, empty where none was moved. */
  move(serverId: string, region: string, deviceIds: readonly string[]): Promise<readonly string[]>;
  /** Ends the evacuation where no device is left. */
  finish(serverId: string): Promise<void>;
}

/** Batches of one VPN server in one turn, so that an end of the process is not waited for long. */
const BATCHES_MAX = 20;

/** Goes on with every evacuation that is not finished; called again and again, in any replica. */
export function createEvacuator(evacuations: EvacuationStore, fleet: Pick<FleetControl, 'wake'>) {
  async function goOn(serverId: string, region: string, items: Items): Promise<void> {
    for (let batch = 0; batch < BATCHES_MAX; batch++) {
      const next = await evacuations.next(serverId, items.resting());
      const reached = (await items.together(next, (ids) => evacuations.move(serverId, region, ids))).flat();
      if (reached.length === 0) return evacuations.finish(serverId);
      fleet.wake([serverId, ...reached]);
    }
  }

  return async function evacuate(items: Items): Promise<void> {
    for (const { serverId, region } of await evacuations.unfinished()) {
      await items.attempt(serverId, () => goOn(serverId, region, items));
    }
  };
}
