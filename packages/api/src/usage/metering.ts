import type { PeerPush } from '../devices/index.ts';
import type { Items } from '../platform/jobs/items.ts';
import { pagesOf, type Reading, type Sample } from './meter.ts';
import type {
  CounterSource,
  DataLimitStore,
  DueServer,
  MeterStore,
  OverLimit,
  RetentionStore,
} from './ports.ts';
import type { Retention } from '../platform/config/config.ts';

/** Readings per transaction, so that none holds its locks for long. */
const PAGE_READINGS = 1_000;
/** VPN servers read concurrently. Each needs a database connection. */
const SERVERS_AT_ONCE = 2;
/** The maximum of bounded steps per run; the rest waits for the next run. */
const PARTS_MAX = 200;

export interface MeteringDeps {
  readonly counters: CounterSource;
  readonly meters: MeterStore;
  readonly limits: DataLimitStore;
  readonly retention: RetentionStore;
  readonly peers: Pick<PeerPush, 'wake'>;
  readonly everySeconds: number;
  readonly keep: Retention;
}

/** The periodic work of metering, safe in any number of processes: nothing is counted twice. */
export function createMetering(deps: MeteringDeps) {
  const { counters, meters, limits, retention, peers } = deps;

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

  async function untilDone(part: () => Promise<{ readonly done: boolean }>): Promise<void> {
    for (let parts = 0; parts < PARTS_MAX; parts++) if ((await part()).done) return;
  }

  return {
    /** Reads the VPN servers that are due. Calling it more often does not read them more often. */
    async sample(items: Items): Promise<void> {
      const due = await meters.claimDue(counters.readable(), deps.everySeconds);
      const reader = async () => {
        for (let next = due.shift(); next !== undefined; next = due.shift()) {
          const server = next;
          await items.attempt(server.serverId, () => read(server, items));
        }
      };
      await Promise.all(Array.from({ length: SERVERS_AT_ONCE }, reader));
    },

    /** Releases devices whose users have data again. */
    async reviewDataLimits(items: Items): Promise<void> {
      peers.wake(await limits.release(items));
      await untilDone(async () => {
        const { done, serverIds } = await limits.renew(items);
        peers.wake(serverIds);
        return { done };
      });
    },

    /** Rolls hours up into days and deletes expired rows. */
    clean: (items: Items): Promise<void> => retention.clean(deps.keep, items),
  };
}

export type Metering = ReturnType<typeof createMetering>;
