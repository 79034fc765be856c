import { isStalled, type JobStatus } from '../platform/jobs/status.ts';
import type { Clock } from '../platform/clock.ts';
import type { ServerEvent } from '../servers/index.ts';
import type { ObservedPeer, PeerStore } from '../fleet/index.ts';
import { type Finding, findingKey } from './finding.ts';
import { examineInterface } from './interface.ts';

export interface DoctorStore {
  /** All breaches visible in the database, at most a hundred of each kind. */
  examine(): Promise<Finding[]>;
  /** Repairs that agents made on their hosts in the last 24 hours, newest first, at most a hundred. */
  repairs(): Promise<ServerEvent[]>;
  /** VPN servers that may carry peers. */
  servers(): Promise<string[]>;
}

export interface DoctorDeps {
  readonly store: DoctorStore;
  readonly peers: Pick<PeerStore, 'desired'>;
  readonly fleet: {
    /** The peers on an interface; null if it cannot be reached from here. */
    list(serverId: string): Promise<{ epoch: string; peers: ObservedPeer[] } | null>;
    /** Makes the agent check its host now, and records the result. */
    examineHost(serverId: string): Promise<unknown>;
  };
  /** The delay before the second look at suspects, in milliseconds. */
  readonly secondLookMs: number;
  /** The jobs of this process. */
  readonly jobs: () => readonly JobStatus[];
  readonly clock: Clock;
}

/** A single failure may pass with the next attempt. */
const ATTEMPTS_FOUND = 2;

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function findFailingItems({ name, failing }: JobStatus): Finding[] {
  return failing
    .filter(({ attempts }) => attempts >= ATTEMPTS_FOUND)
    .map(({ item, attempts, error }): Finding => ({
      breach: 'failing_work',
      serverId: null,
      tenantId: null,
      subject: item,
      detail: `${name}: ${attempts} attempts, ${textOf(error)}`,
    }));
}

function stalledJob({ name, succeededAt, running, startedAt, error }: JobStatus): Finding {
  const last = succeededAt === null ? 'never succeeded' : `last succeeded at ${succeededAt.toISOString()}`;
  const under = running && startedAt !== null ? `, running since ${startedAt.toISOString()}` : '';
  const why = error === null ? '' : `, ${textOf(error)}`;
  return {
    breach: 'stalled_job',
    serverId: null,
    tenantId: null,
    subject: name,
    detail: `${last}${under}${why}`,
  };
}

export interface Examination {
  readonly findings: readonly Finding[];
  /** VPN servers whose interfaces were compared; null if not requested. */
  readonly interfacesExamined: number | null;
  /** VPN servers that could not be reached, so nothing is known about them. */
  readonly unreachable: readonly string[];
  /** Faults that were repaired: no findings, but worth knowing. */
  readonly repairs: readonly ServerEvent[];
}

/** Concurrent listings: one of 50,000 peers takes about 20 MB here. */
const AT_ONCE = 4;

/** Compares everything that must agree, for fault tests and operators. Read-only. */
export function createDoctor({ store, peers, fleet, secondLookMs, jobs, clock }: DoctorDeps) {
  function examineJobs(): Finding[] {
    const all = jobs();
    const stalled = all.filter((job) => isStalled(job, clock.now()));
    return [...all.flatMap(findFailingItems), ...stalled.map(stalledJob)];
  }

  async function examineServer(serverId: string): Promise<Finding[] | null> {
    const listed = await fleet.list(serverId);
    if (listed === null) return null;
    return examineInterface(serverId, listed.peers, await peers.desired(serverId), listed.epoch);
  }

  async function examineInterfaces(serverIds: readonly string[]) {
    const findings: Finding[] = [];
    const unreachable: string[] = [];
    const waiting = [...serverIds];
    const work = async () => {
      for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
        // A VPN server that cannot be examined does not affect the others.
        const found = await examineServer(id).catch(() => null);
        if (found === null) unreachable.push(id);
        else findings.push(...found);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return { findings, unreachable };
  }

  return {
    /**
     * @param deep also lists every interface. Suspects are examined twice, since devices may change between listing
     * and reading.
     */
    async examine(deep: boolean): Promise<Examination> {
      const recordedNow = async () => [...(await store.examine()), ...examineJobs()];
      if (!deep) {
        const [findings, repairs] = [await recordedNow(), await store.repairs()];
        return { findings, interfacesExamined: null, unreachable: [], repairs };
      }
      const serverIds = await store.servers();
      await Promise.all(serverIds.map((id) => fleet.examineHost(id)));
      const recorded = await recordedNow();
      const first = await examineInterfaces(serverIds);
      const doubtful = new Set(first.findings.map(findingKey));
      const suspects = new Set(first.findings.map(({ serverId }) => serverId));
      let confirmed: Finding[] = [];
      if (suspects.size > 0) {
        await new Promise((resolve) => setTimeout(resolve, secondLookMs));
        const second = await examineInterfaces(serverIds.filter((id) => suspects.has(id)));
        confirmed = second.findings.filter((finding) => doubtful.has(findingKey(finding)));
      }
      return {
        findings: [...recorded, ...confirmed],
        interfacesExamined: serverIds.length - first.unreachable.length,
        unreachable: first.unreachable,
        repairs: await store.repairs(),
      };
    },
  };
}

export type Doctor = ReturnType<typeof createDoctor>;
