/** A prefix whose counts are still to be added to the device that left it; null: to no device. */
export interface Leaving {
  readonly prefix: string;
  readonly deviceId: string | null;
}

/**
 * Prefixes left since the counters were last read. Reading many takes seconds, so a removal does not wait for it:
 * the counts stay in place, and only another device that takes the address has to wait.
 */
export class UnsettledCounts {
  readonly #leavings = new Map<string, Leaving>();

  all(): Leaving[] {
    return [...this.#leavings.values()];
  }

  add(prefix: string, deviceId: string | null): void {
    this.#leavings.set(prefix, { prefix, deviceId });
  }

  /** True while this leaving waits, and not a later one of the same prefix. */
  has(leaving: Leaving): boolean {
    return this.#leavings.get(leaving.prefix) === leaving;
  }

  delete(prefix: string): void {
    this.#leavings.delete(prefix);
  }

  /** True if another device may not have one of these yet. */
  holdsBack(deviceId: string, prefixes: readonly string[]): boolean {
    return prefixes.some((prefix) => {
      const leaving = this.#leavings.get(prefix);
      return leaving !== undefined && leaving.deviceId !== deviceId;
    });
  }
}
