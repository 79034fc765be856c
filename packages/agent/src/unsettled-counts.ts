/** A prefix whose counts still have to be put to the account of who left it; null: of nobody. */
export interface Leaving {
  readonly prefix: string;
  readonly deviceId: string | null;
}

/**
 * Prefixes that were left since the counters were last read. Reading them takes seconds where there are many, so a removal
 * does not wait for it: the counts stay where they are, and only who else gets the address has to wait.
 */
export class UnsettledCounts {
  readonly #leavings = new Map<string, Leaving>();

  all(): Leaving[] {
    return [...this.#leavings.values()];
  }

  add(prefix: string, deviceId: string | null): void {
    this.#leavings.set(prefix, { prefix, deviceId });
  }

  /** True while this very leaving waits, not a later one of the same prefix. */
  has(leaving: Leaving): boolean {
    return this.#leavings.get(leaving.prefix) === leaving;
  }

  delete(prefix: string): void {
    this.#leavings.delete(prefix);
  }

  /** True where another device may not have one of these yet. */
  holdsBack(deviceId: string, prefixes: readonly string[]): boolean {
    return prefixes.some((prefix) => {
      const leaving = this.#leavings.get(prefix);
      return leaving !== undefined && leaving.deviceId !== deviceId;
    });
  }
}
