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
