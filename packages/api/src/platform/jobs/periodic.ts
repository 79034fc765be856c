import { setTimeout as sleep } from 'node:timers/promises';
import { withAct } from '../audit-context/context.ts';
import type { Items } from './items.ts';
import type { JobStatus } from './status.ts';

/** Periodic work of every replica. Work that must run once is guarded by its own statement. */
export interface Job {
  /** Name for log, metrics and operator. */
  readonly what: string;
  /** The pause between two runs. */
  readonly everyMs: number;
  /**
   * Passes its items through `items`, so that a failing one delays no other.
   * @param stopping aborted when the process ends: long work then stops early, and the next process continues it
   */
  readonly work: (items: Items, stopping: AbortSignal) => Promise<unknown>;
  /** Shared with other code that does the same work. By default the job has its own. */
  readonly items?: Items;
}

export interface Jobs {
  start(): void;
  /** Starts no more runs, and waits briefly for running ones. */
  stop(): Promise<void>;
  status(): JobStatus[];
}

export interface JobsOptions {
  /** Called when a run ends early. */
  readonly onError: (what: string, error: unknown) => void;
  readonly itemsOf: (what: string) => Items;
}

type Run = Omit<JobStatus, 'what' | 'everyMs' | 'failing'>;

const NEVER: Run = {
  running: false,
  startedAt: null,
  endedAt: null,
  succeededAt: null,
  error: null,
  failedRuns: 0,
};

/** How long a stop waits for running jobs. Every job can be interrupted anywhere and continues with its next run. */
const STOP_WAIT_MS = 5_000;

/** Runs each job without overlap. A failed run is reported, and the job continues. */
export function createJobs(jobs: readonly Job[], { onError, itemsOf }: JobsOptions): Jobs {
  const items = new Map(jobs.map((job) => [job, job.items ?? itemsOf(job.what)]));
  const runs = new Map<Job, Run>();
  const timers = new Map<Job, NodeJS.Timeout>();
  const underWay = new Set<Promise<unknown>>();
  const stopping = new AbortController();

  const note = (job: Job, change: Partial<Run>) => runs.set(job, { ...NEVER, ...runs.get(job), ...change });

  async function run(job: Job): Promise<void> {
    const actor = { kind: 'job', id: job.what.replaceAll(' ', '-') } as const;
    note(job, { running: true, startedAt: new Date() });
    try {
      await withAct({ act: null, actor, requestId: null }, () => job.work(items.get(job)!, stopping.signal));
      note(job, { error: null, failedRuns: 0, succeededAt: new Date() });
    } catch (error) {
      note(job, { error, failedRuns: (runs.get(job)?.failedRuns ?? 0) + 1 });
      onError(job.what, error);
    } finally {
      note(job, { running: false, endedAt: new Date() });
    }
  }

  function plan(job: Job): void {
    if (stopping.signal.aborted) return;
    timers.set(
      job,
      setTimeout(() => {
        const done = run(job).finally(() => {
          underWay.delete(done);
          plan(job);
        });
        underWay.add(done);
      }, job.everyMs),
    );
  }

  return {
    start() {
      for (const job of jobs) plan(job);
    },
    async stop() {
      stopping.abort();
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.race([Promise.all(underWay), sleep(STOP_WAIT_MS, undefined, { ref: false })]);
    },
    status: () =>
      jobs.map((job) => ({
        what: job.what,
        everyMs: job.everyMs,
        ...(runs.get(job) ?? NEVER),
        failing: items.get(job)!.failing(),
      })),
  };
}
