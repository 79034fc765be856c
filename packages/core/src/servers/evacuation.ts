import type { FleetControl } from './admin-ports.ts';

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
  /** Moves the next devices; answers the VPN servers that got them, empty where none was moved. */
  moveBatch(serverId: string, region: string): Promise<readonly string[]>;
}

/** Batches of one VPN server in one turn, so that an end of the process is not waited for long. */
const BATCHES_MAX = 20;

/** Goes on with every evacuation that is not finished; called again and again, in any replica. */
export function createEvacuator(evacuations: EvacuationStore, fleet: Pick<FleetControl, 'wake'>) {
  return async function evacuate(): Promise<void> {
    for (const { serverId, region } of await evacuations.unfinished()) {
      for (let batch = 0; batch < BATCHES_MAX; batch++) {
        const reached = await evacuations.moveBatch(serverId, region);
        if (reached.length === 0) break;
        fleet.wake([serverId, ...reached]);
      }
    }
  };
}
