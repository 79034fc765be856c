/** One device's counters on a VPN server. Counts start with the life of the counters. */
export interface Reading {
  readonly deviceId: string;
  /** Bytes received from the device. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /**
   * `live`: a handshake in the last LIVE_HANDSHAKE_SECONDS. `idle`: an older one. `never`: none since the peer was
   * set.
   */
  readonly handshake: 'live' | 'idle' | 'never';
  /** The peer was removed; these are its last counts. */
  readonly gone: boolean;
  /** Exhausted budgets; the device gets no more packets. */
  readonly cut?: readonly string[] | undefined;
}

/** One reading of all counters of a VPN server. */
export interface Sample {
  /** The agent's epoch, within which passes are numbered. */
  readonly epoch: string;
  /** The life of the counters; a new life starts again at 0. */
  readonly life: string;
  readonly pass: number;
  readonly readings: readonly Reading[];
}

/** The agent may forget removed devices' counts up to this pass. */
export interface StoredPass {
  readonly epoch: string;
  readonly pass: number;
}

/**
 * Splits a sample into pages of at most `size` readings, ordered by device id, with each device once. A device
 * listed twice (removed and set again) counts with its highest counts, since counts never fall within a life; alive
 * wins over gone.
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

/** A device's bytes, as the VPN server counts them. */
export interface Counts {
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/**
 * A device's usage on one VPN server: the sum over lives of the highest counts. Maxima and sums do not depend on
 * order or repetition, so a reading may be late, repeated or missing. The statement in meter-store.ts does the same
 * and is tested against this class.
 */
export class Meter {
  readonly #lives = new Map<string, Counts>();

  /** Returns the increase, which is never negative. */
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
