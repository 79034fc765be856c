/** What the counters of one VPN server say of one device. Counts begin with the life of the counters. */
export interface Reading {
  readonly deviceId: string;
  /** Bytes that came from the device. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /** `live`: a handshake in the last LIVE_HANDSHAKE_SECONDS. `idle`: an older one. `never`: none since the peer was set. */
  readonly handshake: 'live' | 'idle' | 'never';
  /** It was removed since: these are its last counts. */
  readonly gone: boolean;
  /** Budgets that are used up: nothing passes for the device any more. */
  readonly cut?: readonly string[] | undefined;
}

/** One look at all counters of a VPN server. */
export interface Sample {
  /** The life of the agent; passes are numbered within it. */
  readonly epoch: string;
  /** The life of the counters: another one means that they began again at 0. */
  readonly life: string;
  readonly pass: number;
  readonly readings: readonly Reading[];
}

/** Of what the agent may forget the counts of devices that are gone. */
export interface StoredPass {
  readonly epoch: string;
  readonly pass: number;
}

/**
 * Cuts a sample into pages of at most `size` readings, in the order of device ids and each device once. A device that
 * is listed twice (gone, and set again meanwhile) counts with the highest of its counts, because within a life counts
 * never fall; alive wins over gone.
 */
export function pagesOf(readings: readonly Reading[], size: number): Reading[][] {
  const merged = new Map<string, Reading>();
  for (const reading of readings) {
    const other = merged.get(reading.deviceId);
    merged.set(reading.deviceId, other === undefined ? reading : merge(other, reading));
  }
  const ordered = [...merged.values()].sort((a, b) => (a.deviceId < b.deviceId ? -1 : 1));
  return Array.from({ length: Math.ceil(ordered.length / size) }, (_, page) =>
    ordered.slice(page * size, (page + 1) * size),
  );
}

function merge(one: Reading, other: Reading): Reading {
  const alive = one.gone ? other : one;
  return {
    ...alive,
    receivedBytes: Math.max(one.receivedBytes, other.receivedBytes),
    sentBytes: Math.max(one.sentBytes, other.sentBytes),
  };
}

/** Bytes that a device moved, as the VPN server counts. */
export interface Counts {
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/**
 * What one device used on one VPN server: the highest counts of each life, added up. Maxima and sums do not depend on
 * order and repetition, so a reading may come late, twice, or never. The statement in meter-store.ts keeps the
 * same, and is tested against this.
 */
export class Meter {
  readonly #lives = new Map<string, Counts>();

  /** Answers what the reading added; never negative. */
  read(life: string, { receivedBytes, sentBytes }: Counts): Counts {
    const before = this.#lives.get(life) ?? { receivedBytes: 0, sentBytes: 0 };
    const after = {
      receivedBytes: Math.max(before.receivedBytes, receivedBytes),
      sentBytes: Math.max(before.sentBytes, sentBytes),
    };
    this.#lives.set(life, after);
    return {
      receivedBytes: after.receivedBytes - before.receivedBytes,
      sentBytes: after.sentBytes - before.sentBytes,
    };
  }

  get total(): Counts {
    let [receivedBytes, sentBytes] = [0, 0];
    for (const counts of this.#lives.values()) {
      receivedBytes += counts.receivedBytes;
      sentBytes += counts.sentBytes;
    }
    return { receivedBytes, sentBytes };
  }
}
