/** Moves a VPN server's devices to others. */
export interface Evacuation {
  /** The destination. */
  readonly region: string;
  /** Devices on it at the start. */
  readonly total: number;
  /** Devices moved by this evacuation. Their owners may have moved or deleted others. */
  readonly moved: number;
  /** Devices still on it. */
  readonly remaining: number;
  /** Devices that had to stay, once it is finished. */
  readonly failed: number;
  /** Why they had to stay: an error's code, or `enabled` if the VPN server came back into service. Null for none. */
  readonly reason: string | null;
  readonly startedAt: Date;
  /** Null while it runs. */
  readonly finishedAt: Date | null;
}

export interface EvacuationStore {
  unfinished(): Promise<{ readonly serverId: string; readonly region: string }[]>;
  /** Some devices that are still on it and that no other replica is moving. */
  next(serverId: string, without: readonly string[]): Promise<readonly string[]>;
  /** Moves these devices. Returns the VPN servers that got them; empty if none was moved. */
  move(serverId: string, region: string, deviceIds: readonly string[]): Promise<readonly string[]>;
  /** Ends the evacuation if no device is left. */
  finish(serverId: string): Promise<void>;
}
