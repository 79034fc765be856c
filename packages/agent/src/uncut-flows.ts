/** Addresses whose old connections could not be cut yet. No device may get or confirm them until they are. */
export class UncutFlows {
  readonly #waiting = new Map<string, string | null>();

  get size(): number {
    return this.#waiting.size;
  }

  prefixes(): string[] {
    return [...this.#waiting.keys()];
  }

  /** Records a prefix that left `deviceId` (null: a peer without a device). */
  add(prefix: string, deviceId: string | null): void {
    this.#waiting.set(prefix, deviceId);
  }

  delete(prefix: string): void {
    this.#waiting.delete(prefix);
  }

  has(prefix: string): boolean {
    return this.#waiting.has(prefix);
  }

  /** True if a prefix that this device left still waits. The map is normally empty. */
  holdsBack(deviceId: string): boolean {
    if (this.#waiting.size === 0) return false;
    return [...this.#waiting.values()].includes(deviceId);
  }
}
