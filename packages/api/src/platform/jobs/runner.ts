import { setTimeout as sleep } from 'node:timers/promises';
import { withAct } from '../audit-context/context.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { Items } from './items.ts';
import type { Done, Job } from './job.ts';
import type { JobStatus } from './status.ts';

export interface JobRunner {
  start(): void;
  /** Starts no more runs, and waits briefly for running ones. */
  stop(): Promise<void>;
  status(): JobStatus[];
}

export interface JobRunnerOptions {
  /** Called when a run ends early. */
  readonly onError: (job: string, error: unknown) => void;
  readonly itemsOf: (job: Pick<Job, 'name' | 'endsRun'>) => Items;
  readonly clock?: Clock;
}

type Run = Omit<JobStatus, 'name' | 'everyMs' | 'failing' | 'resting'>;

const NEVER: Run = {
  running: false,
  startedAt: null,
  endedAt: null,
  succeededAt: null,
  durationMs: null,
  error: null,
  failedRuns: 0,
  done: {},
  waitedForSince: null,
};

/** How long a stop waits for running jobs. Every job can be interrupted anywhere and continues with its next run. */
const STOP_WAIT_MS = 5_000;

function sum(before: Done, done: Done): Done {
  const total: Record<string, number> = { ...before };
  for (const [what, count] of Object.entries(done)) total[what] = (total[what] ?? 0) + count;
  return total;
}

/** Runs each job without overlap. A failed run is reported, and the job continues. */
export function createJobRunner(
  jobs: readonly Job[],
  { onError, itemsOf, clock = systemClock }: JobRunnerOptions,
): JobRunner {
  const items = new Map(jobs.map((job) => [job, job.items ?? itemsOf(job)]));
  const runs = new Map<Job, Run>();
  const timers = new Map<Job, NodeJS.Timeout>();
  const underWay = new Set<Promise<unknown>>();
  const stopping = new AbortController();

  const lastOf = (job: Job): Run => runs.get(job) ?? NEVER;
  const note = (job: Job, change: Partial<Run>) => runs.set(job, { ...lastOf(job), ...change });

  async function run(job: Job): Promise<void> {
    const actor = { kind: 'job', id: job.name.replaceAll(' ', '-') } as const;
    const startedAt = clock.now();
    note(job, { running: true, startedAt });
    try {
      const done = await withAct({ act: null, actor, requestId: null }, () =>
        job.run(items.get(job)!, stopping.signal),
      );
      const succeededAt = clock.now();
      const total = sum(lastOf(job).done, done);
      note(job, { error: null, failedRuns: 0, succeededAt, waitedForSince: succeededAt, done: total });
    } catch (error) {
      note(job, { error, failedRuns: lastOf(job).failedRuns + 1 });
      onError(job.name, error);
    } finally {
      const endedAt = clock.now();
      note(job, { running: false, endedAt, durationMs: endedAt.getTime() - startedAt.getTime() });
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
      for (const job of jobs) {
        note(job, { waitedForSince: clock.now() });
        plan(job);
      }
    },
    async stop() {
      stopping.abort();
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.race([Promise.all(underWay), sleep(STOP_WAIT_MS, undefined, { ref: false })]);
    },
    status: () =>
      jobs.map((job) => ({
        name: job.name,
        everyMs: job.everyMs,
        ...lastOf(job),
        failing: items.get(job)!.failing(),
        resting: items.get(job)!.resting().length,
      })),
  };
}
