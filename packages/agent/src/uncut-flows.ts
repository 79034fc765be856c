/** Addresses whose old connections could not be cut yet; nobody may get or confirm them until they are. */
export class UncutFlows {
  readonly #waiting = new Map<string, string | null>();

  get size(): number {
    return this.#waiting.size;
  }

  prefixes(): string[] {
    return [...this.#waiting.keys()];
  }

  /** Notes a prefix that left `deviceId` (null: a peer without a device). */
  add(prefix: string, deviceId: string | null): void {
    this.#waiting.set(prefix, deviceId);
  }

  delete(prefix: string): void {
    this.#waiting.delete(prefix);
  }

  has(prefix: string): boolean {
    return this.#waiting.has(prefix);
  }

  /** True where a prefix that this device gave up still waits. The map is empty in all but bad times. */
  holdsBack(deviceId: string): boolean {
    if (this.#waiting.size === 0) return false;
    return [...this.#waiting.values()].includes(deviceId);
  }
}
