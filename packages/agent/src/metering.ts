import { setImmediate as turn } from 'node:timers/promises';
import { type DeviceStats, LIVE_HANDSHAKE_SECONDS } from '@cvault/protocol';
import type { WireGuardBackend } from './backend.ts';
import { prefixAddress } from './host-prefix.ts';
import { addCounts, NO_COUNTS, type Counts, type MeterMemory } from './meter.ts';
import { createSerialQueue, type SerialQueue } from './serial-queue.ts';
import { keysOf, type InterfaceState, type PresentDevice } from './state.ts';
import type { Traffic } from './traffic.ts';
import type { Leaving, UnsettledCounts } from './unsettled-counts.ts';

/** All devices' counts at one moment, ordered by device id. */
export interface Reading {
  readonly pass: number;
  readonly devices: readonly DeviceStats[];
}

/** Devices described in one step. */
const STEP_DEVICES = 250;

/** The data from which all devices' counts are made. */
interface Moment {
  readonly counts: ReadonlyMap<string, Counts>;
  readonly devices: ReturnType<InterfaceState['devicesNow']>;
  /** The counts of devices on addresses that they no longer have. */
  readonly before: ReadonlyMap<string, Account>;
  /** Prefixes that a device left and whose counts are still its own. */
  readonly leaving: ReadonlyMap<string, readonly string[]>;
  readonly gone: DeviceStats[];
}

/** A device's counts on addresses that it no longer has. */
interface Account {
  counts: Counts;
  /** The first pass that reported it as gone; undefined while none has. */
  toldIn: number | undefined;
  /** The control plane has stored that. The counts stay: the device may return and continue from them. */
  quiet: boolean;
}

export interface MeteringOptions {
  readonly traffic: Traffic;
  readonly memory: MeterMemory;
  readonly backend: WireGuardBackend;
  readonly state: InterfaceState;
  readonly unsettled: UnsettledCounts;
  /** True for a peer whose handshake the interface was made to forget. */
  readonly hadHandshake: (publicKey: string) => boolean;
  /** Runs one batch at a time. */
  readonly queue: SerialQueue;
}

/** Turns counts by address into counts by device that never fall. */
export class Metering {
  readonly life: string;
  readonly #options: MeteringOptions;
  readonly #accounts = new Map<string, Account>();
  readonly #readings = createSerialQueue();
  #pass = 0;
  /** Counts that a batch read while a reading for `stats` was running, which is older. */
  #newer: Map<string, Counts> | undefined;

  constructor(options: MeteringOptions) {
    this.#options = options;
    const { memory, unsettled } = options;
    this.life = memory.life;
    // Until these devices are claimed, it is unknown whether they are gone: they are neither reported nor
    // forgotten.
    for (const [deviceId, counts] of memory.retained) {
      this.#accounts.set(deviceId, { counts, toldIn: undefined, quiet: true });
    }
    for (const [address, deviceId] of memory.left) {
      unsettled.add(asHostPrefix(address), deviceId);
    }
  }

  /** Records that devices (null: an unknown one) are about to leave prefixes. */
  async leave(leavings: readonly Leaving[]): Promise<void> {
    const { traffic, unsettled } = this.#options;
    const known = new Set(unsettled.all().map(({ prefix }) => prefix));
    const noted = leavings.filter(({ prefix, deviceId }) => deviceId !== null || !known.has(prefix));
    if (noted.length === 0) return;
    await traffic.meter.leave(
      new Map(noted.map(({ prefix, deviceId }) => [prefixAddress(prefix), deviceId])),
    );
    for (const { prefix, deviceId } of noted) unsettled.add(prefix, deviceId);
  }

  /** Records that devices have addresses. They continue to count on those that they left before. */
  reclaim(devices: readonly { readonly addresses: readonly string[] }[]): void {
    for (const { addresses } of devices) {
      for (const address of addresses) this.#options.unsettled.delete(asHostPrefix(address));
    }
  }

  /** Adds all counts of left prefixes to the accounts of the devices that left them. Runs as part of a batch. */
  async settleNow(): Promise<void> {
    const { traffic, unsettled } = this.#options;
    const counts = await traffic.meter.read();
    await this.#settle(counts, unsettled.all());
    this.#newer = counts;
  }

  /**
   * Reads all counters while batches run: 50,000 addresses with traffic both ways take 3 s of one core.
   * @param stored the last pass that the control plane has stored
   * @param withCut whether to report the devices that are cut off
   */
  async read(stored: number | undefined, withCut = false): Promise<Reading> {
    const { traffic, backend, unsettled, queue } = this.#options;
    const { meter } = traffic;
    return this.#readings.run(async () => {
      const leavings = unsettled.all();
      this.#newer = undefined;
      // This comes before the counters: they then include all bytes of a budget that is used up.
      const usedUp = withCut ? await traffic.usedUp() : undefined;
      const [counts, handshakes] = await Promise.all([meter.read(), backend.handshakes()]);
      const latest = await queue.run(async () => {
        const latest = this.#newer ?? counts;
        // A prefix left after the reading began may have counted more since. It is settled the next time.
        await this.#settle(
          latest,
          this.#newer === undefined ? leavings.filter((one) => unsettled.has(one)) : [],
        );
        this.#forget(stored);
        this.#pass++;
        await traffic.forgetBudgets(this.#pass, stored);
        return this.#moment(latest);
      });
      return { pass: this.#pass, devices: await this.#describe(latest, handshakes, usedUp) };
    });
  }

  async #settle(counts: Map<string, Counts>, leavings: readonly Leaving[]): Promise<void> {
    if (leavings.length === 0) return;
    const { traffic, unsettled } = this.#options;
    const totals = new Map<string, Counts>();
    const counted = new Set<string>();
    for (const { prefix, deviceId } of leavings) {
      const address = prefixAddress(prefix);
      const more = counts.get(address);
      if (more !== undefined) counted.add(address);
      if (deviceId === null) continue;
      const before = totals.get(deviceId) ?? this.#accounts.get(deviceId)?.counts ?? NO_COUNTS;
      totals.set(deviceId, addCounts(before, more));
    }
    const left = new Set(leavings.map(({ prefix }) => prefixAddress(prefix)));
    await traffic.meter.settle({ left, counted, retained: totals });
    for (const [deviceId, total] of totals) {
      this.#accounts.set(deviceId, { counts: total, toldIn: undefined, quiet: false });
    }
    for (const { prefix } of leavings) unsettled.delete(prefix);
    for (const address of left) counts.delete(address);
  }

  #forget(stored: number | undefined): void {
    if (stored === undefined) return;
    for (const account of this.#accounts.values()) {
      if (account.toldIn !== undefined && account.toldIn <= stored) account.quiet = true;
    }
  }

  /** Copies what is needed of the devices between two batches. Describing them takes longer and delays nothing. */
  #moment(counts: ReadonlyMap<string, Counts>): Moment {
    const { state, unsettled } = this.#options;
    const leaving = new Map<string, string[]>();
    for (const { prefix, deviceId } of unsettled.all()) {
      if (deviceId !== null) leaving.set(deviceId, [...(leaving.get(deviceId) ?? []), prefix]);
    }
    const gone: DeviceStats[] = [];
    for (const [deviceId, account] of this.#accounts) {
      if (account.quiet || leaving.has(deviceId) || state.device(deviceId)?.kind === 'present') continue;
      account.toldIn ??= this.#pass;
      gone.push(asStats(deviceId, account.counts, 'never', true));
    }
    return { counts, devices: state.devicesNow(), before: new Map(this.#accounts), leaving, gone };
  }

  async #describe(
    { counts, devices: known, before, leaving, gone }: Moment,
    handshakes: ReadonlyMap<string, number>,
    usedUp: ReadonlySet<string> | undefined,
  ): Promise<DeviceStats[]> {
    const devices = gone;
    for (const [index, record] of known.records.entries()) {
      if (index % STEP_DEVICES === 0) await turn();
      const deviceId = known.ids[index];
      if (record.kind !== 'present' || deviceId === undefined) continue;
      let total = before.get(deviceId)?.counts ?? NO_COUNTS;
      for (const prefix of new Set([...record.prefixes, ...(leaving.get(deviceId) ?? [])])) {
        total = addCounts(total, counts.get(prefixAddress(prefix)));
      }
      const handshake = handshakeOf(record, handshakes, this.#options.hadHandshake);
      const cut = record.budgets.filter((id) => usedUp?.has(id));
      devices.push({
        ...asStats(deviceId, total, handshake, false),
        ...(cut.length === 0 ? {} : { cut }),
      });
    }
    return inOrder(devices);
  }
}

/** Ordered by device id; sorted in small parts, so that everything else runs between them. */
async function inOrder(devices: readonly DeviceStats[]): Promise<DeviceStats[]> {
  const parts = new Map<string, DeviceStats[]>();
  for (const [index, device] of devices.entries()) {
    if (index % STEP_DEVICES === 0) await turn();
    const first = device.deviceId.slice(0, 2);
    const part = parts.get(first);
    if (part === undefined) parts.set(first, [device]);
    else part.push(device);
  }
  const ordered: DeviceStats[] = [];
  for (const first of [...parts.keys()].sort()) {
    await turn();
    const part = parts.get(first) ?? [];
    ordered.push(...part.sort((one, other) => (one.deviceId < other.deviceId ? -1 : 1)));
  }
  return ordered;
}

/** Turns an address, in the spelling of a host prefix, into that prefix. */
function asHostPrefix(address: string): string {
  return `${address}/${address.includes(':') ? 128 : 32}`;
}

function asStats(
  deviceId: string,
  { received, sent }: Counts,
  handshake: DeviceStats['handshake'],
  gone: boolean,
): DeviceStats {
  return { deviceId, receivedBytes: received, sentBytes: sent, handshake, gone };
}

function handshakeOf(
  record: PresentDevice,
  handshakes: ReadonlyMap<string, number>,
  hadHandshake: (publicKey: string) => boolean,
): DeviceStats['handshake'] {
  const keys = keysOf(record);
  const at = Math.max(...keys.map((publicKey) => handshakes.get(publicKey) ?? 0));
  if (at === 0) return keys.some(hadHandshake) ? 'idle' : 'never';
  return Date.now() / 1000 - at < LIVE_HANDSHAKE_SECONDS ? 'live' : 'idle';
}
