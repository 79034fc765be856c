import type { PeerPush } from '../devices/index.ts';
import type { Items } from '../platform/jobs/items.ts';
import { pagesOf, type Reading, type Sample } from './meter.ts';
import type { CounterSource, DataLimitStore, DueServer, MeterStore, OverLimit } from './ports.ts';
import type { Job } from '../platform/jobs/job.ts';

/** How often to look which VPN servers are due. A setting says how often each is read. */
const EVERY_MS = 1_000;
/** Readings per transaction, so that none holds its locks for long. */
const PAGE_READINGS = 1_000;
/** VPN servers read concurrently. Each needs a database connection. */
const SERVERS_AT_ONCE = 2;

export interface ReadCountersDeps {
  readonly counters: CounterSource;
  readonly meters: MeterStore;
  readonly limits: DataLimitStore;
  readonly peers: Pick<PeerPush, 'wake'>;
  readonly everySeconds: number;
}

/** Reads the VPN servers that are due. Safe in any number of processes: nothing is counted twice. */
export function readCounters(deps: ReadCountersDeps) {
  const { counters, meters, limits, peers } = deps;

  async function hold(reached: readonly OverLimit[], items: Items): Promise<void> {
    for (const over of reached) {
      const woken = await items.attempt(over.userId ?? over.tenantId, () => limits.hold(over, items));
      if (woken !== null) peers.wake(woken);
    }
  }

  /** A reading that cannot be stored is skipped. Counts never fall, so a later reading makes up for it. */
  async function storePage(serverId: string, sample: Sample, page: readonly Reading[], items: Items) {
    const readings = new Map(page.map((reading) => [reading.deviceId, reading]));
    const reached = await items.together([...readings.keys()], (ids) =>
      meters.store(
        serverId,
        sample,
        ids.map((id) => readings.get(id)!),
      ),
    );
    await hold(reached.flat(), items);
  }

  async function read({ serverId, stored }: DueServer, items: Items): Promise<void> {
    const sample = await counters.stats(serverId, stored);
    if (sample === null) return;
    await meters.beginPass(serverId, sample);
    for (const page of pagesOf(sample.readings, PAGE_READINGS))
      await storePage(serverId, sample, page, items);
    await settleCuts(sample.readings, items);
    await meters.endPass(serverId, sample);
  }

  /** Runs after all pages, when the totals include all devices of a budget. */
  async function settleCuts(readings: readonly Reading[], items: Items): Promise<void> {
    const cuts = new Map(
      readings.flatMap(({ deviceId, cut }) => (cut === undefined ? [] : [[deviceId, cut]])),
    );
    const devices = [...cuts.keys()];
    for (let start = 0; start < devices.length; start += PAGE_READINGS) {
      const settled = await items.together(devices.slice(start, start + PAGE_READINGS), (ids) =>
        limits.settleCuts(
          ids.flatMap((deviceId) => cuts.get(deviceId)!.map((budget) => ({ deviceId, budget }))),
        ),
      );
      await hold(
        settled.flatMap(({ reached }) => reached),
        items,
      );
      peers.wake(settled.flatMap(({ serverIds }) => serverIds));
    }
  }

  return {
    name: 'read counters',
    everyMs: EVERY_MS,
    // A VPN server whose connection breaks proves nothing about the others, nor about the database.
    endsRun: () => false,
    async run(items: Items) {
      const due = await meters.claimDue(counters.readable(), deps.everySeconds);
      const servers = due.length;
      const reader = async () => {
        for (let next = due.shift(); next !== undefined; next = due.shift()) {
          const server = next;
          await items.attempt(server.serverId, () => read(server, items));
        }
      };
      await Promise.all(Array.from({ length: SERVERS_AT_ONCE }, reader));
      return { servers };
    },
  } satisfies Job;
}
