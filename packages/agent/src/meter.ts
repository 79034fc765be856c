/** Bytes of the packets inside the tunnel, as the VPN server counts them. */
export interface Counts {
  readonly received: number;
  readonly sent: number;
}

/** A meter's memory of an earlier agent or of an interface that was recreated. */
export interface MeterMemory {
  /** Names these counters: 32 hexadecimal digits. Another value means that all began again at 0. */
  readonly life: string;
  /** The counts of devices on addresses that they have left since. */
  readonly retained: ReadonlyMap<string, Counts>;
  /** The device that left each address whose counts belong to nobody else yet; null for an unknown device. */
  readonly left: ReadonlyMap<string, string | null>;
}

/**
 * Counts bytes by tunnel address, no matter which device has it, so a new device costs the meter nothing. Counts
 * and the records of their owners outlive the agent and the interface. Otherwise the next holder of an address
 * would inherit them.
 */
export interface Meter {
  open(): Promise<MeterMemory>;
  /** By address; an address without traffic may be missing. The caller may change the answer. */
  read(): Promise<Map<string, Counts>>;
  /** Records which devices are about to leave addresses. Repeating a record is no error. */
  leave(left: ReadonlyMap<string, string | null>): Promise<void>;
  /** In one step, forgets the counts and records of these addresses and stores their devices' counts. */
  settle(settlement: Settlement): Promise<void>;
}

export interface Settlement {
  readonly left: ReadonlySet<string>;
  /** Those of `left` that the last reading had counts for. */
  readonly counted: ReadonlySet<string>;
  readonly retained: ReadonlyMap<string, Counts>;
}

export const NO_COUNTS: Counts = { received: 0, sent: 0 };

export function addCounts(one: Counts, other: Counts | undefined): Counts {
  if (other === undefined) return one;
  return { received: one.received + other.received, sent: one.sent + other.sent };
}
