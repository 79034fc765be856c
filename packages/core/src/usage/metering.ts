import type { PeerPush } from '../devices/ports.ts';
import { pagesOf } from './meter.ts';
import type {
  CounterSource,
  DataLimitStore,
  DueServer,
  MeterStore,
  OverLimit,
  Retention,
  RetentionStore,
} from './ports.ts';

/** Readings that are written down in one transaction, so that none holds its locks for long. */
const PAGE_READINGS = 1_000;
/** VPN servers that are read at once. Each needs a connection to the database. */
const SERVERS_AT_ONCE = 2;
/** Bounded parts of one job that are done in one go; what is left is done the next time. */
const PARTS_MAX = 200;

export interface MeteringDeps {
  readonly counters: CounterSource;
  readonly meters: MeterStore;
  readonly limits: DataLimitStore;
  readonly retention: RetentionStore;
  readonly peers: Pick<PeerPush, 'wake'>;
  readonly everySeconds: number;
  readonly keep: Retention;
  /** Told what went wrong with one VPN server: the others are read all the same. */
  readonly onError: (serverId: string, error: unknown) => void;
}

/** The periodic work of metering. Any number of processes may do it at once: nothing is counted twice. */
export function createMetering(deps: MeteringDeps) {
  const { counters, meters, limits, retention, peers } = deps;

  async function hold(reached: readonly OverLimit[]): Promise<void> {
    for (const over of reached) peers.wake(await limits.hold(over));
  }

  async function read({ serverId, stored }: DueServer): Promise<void> {
    const sample = await counters.stats(serverId, stored);
    if (sample === null) return;
    await meters.beginPass(serverId, sample);
    for (const page of pagesOf(sample.readings, PAGE_READINGS)) {
      await hold(await meters.store(serverId, sample, page));
    }
    await meters.endPass(serverId, sample);
  }

  async function untilDone(part: () => Promise<{ readonly done: boolean }>): Promise<void> {
    for (let parts = 0; parts < PARTS_MAX; parts++) if ((await part()).done) return;
  }

  return {
    /** Reads those VPN servers that are due. Call it often; how often each is read is not decided by that. */
    async sample(): Promise<void> {
      const due = await meters.claimDue(counters.readable(), deps.everySeconds);
      const reader = async () => {
        for (let next = due.shift(); next !== undefined; next = due.shift()) {
          const { serverId } = next;
          await read(next).catch((error: unknown) => deps.onError(serverId, error));
        }
      };
      await Promise.all(Array.from({ length: SERVERS_AT_ONCE }, reader));
    },

    /** Brings back devices whose users have data again. Call it from time to time. */
    async reviewDataLimits(): Promise<void> {
      peers.wake(await limits.release());
      await untilDone(async () => {
        const { done, serverIds } = await limits.renew();
        peers.wake(serverIds);
        return { done };
      });
    },

    /** Rolls hours up to days and deletes what is not to be kept. Call it from time to time. */
    clean: (): Promise<void> => untilDone(() => retention.clean(deps.keep)),
  };
}

export type Metering = ReturnType<typeof createMetering>;
