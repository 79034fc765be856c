/** Bytes of the packets inside the tunnel, as the VPN server counts them. */
export interface Counts {
  readonly received: number;
  readonly sent: number;
}

/** What a meter still knows from before: of an agent that ended, or of an interface that was made anew. */
export interface MeterMemory {
  /** Names these counters: 32 hexadecimal digits. Another one means that all began again at 0. */
  readonly life: string;
  /** What devices had counted on addresses that they have left since. */
  readonly retained: ReadonlyMap<string, Counts>;
  /** Addresses that were left and whose counts belong to nobody else yet: by which device; null for an unknown one. */
  readonly left: ReadonlyMap<string, string | null>;
}

/**
 * Counts what passes, by tunnel address, whoever has it: so a new device costs the meter nothing. Its counts outlive the
 * agent and the interface, and so does what is noted of their owners, or the next holder of an address would inherit them.
 */
export interface Meter {
  open(): Promise<MeterMemory>;
  /** By address; one that nothing has passed for may be missing. The caller may change the answer. */
  read(): Promise<Map<string, Counts>>;
  /** Notes by whom addresses are about to be left. Noting the same again is no error. */
  leave(left: ReadonlyMap<string, string | null>): Promise<void>;
  /** In one go: forgets these addresses' counts and their leaving, and notes what their devices have counted by now. */
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
