import { randomBytes } from 'node:crypto';
import { addCounts, NO_COUNTS, type Counts, type Meter } from './meter.ts';

/** A meter in memory, for interfaces that carry no packets. */
export interface MemoryMeter extends Meter {
  /** Adds this many bytes to an address's counts. */
  count(address: string, more: Partial<Counts>): void;
  /** Simulates a reboot of the machine: another life, all counts at 0. */
  reboot(): void;
}

export function createMemoryMeter(): MemoryMeter {
  let life = randomBytes(16).toString('hex');
  const counts = new Map<string, Counts>();
  const retained = new Map<string, Counts>();
  const left = new Map<string, string | null>();
  return {
    open: () => Promise.resolve({ life, retained: new Map(retained), left: new Map(left) }),
    read: () => Promise.resolve(new Map(counts)),
    leave(addresses) {
      for (const [address, deviceId] of addresses) left.set(address, deviceId);
      return Promise.resolve();
    },
    settle(settlement) {
      for (const address of settlement.left) left.delete(address);
      for (const address of settlement.counted) counts.delete(address);
      for (const [deviceId, total] of settlement.retained) retained.set(deviceId, total);
      return Promise.resolve();
    },
    count(address, more) {
      counts.set(address, addCounts(counts.get(address) ?? NO_COUNTS, { ...NO_COUNTS, ...more }));
    },
    reboot() {
      life = randomBytes(16).toString('hex');
      for (const map of [counts, retained, left]) map.clear();
    },
  };
}
