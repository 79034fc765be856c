import { setTimeout as sleep } from 'node:timers/promises';
import { withAct } from '@cvault/core';

/** Work that every replica does again and again; what must be done once, its own statement sees to. */
export interface Job {
  /** For the log. */
  readonly what: string;
  /** The pause between the end of one time and the beginning of the next. */
  readonly everyMs: number;
  /** @param stopping aborted when the process ends: long work then ends early, and is gone on with by the next process */
  readonly work: (stopping: AbortSignal) => Promise<unknown>;
}

export interface Jobs {
  start(): void;
  /** Begins nothing more, and waits for what is under way, a little. */
  stop(): Promise<void>;
}

/** How long a stop waits for work that goes on. All of it comes due again: it ends anywhere and begins again anywhere. */
const STOP_WAIT_MS = 5_000;

/** None runs twice at once; one that fails is reported and has its next turn. */
export function createJobs(jobs: readonly Job[], onError: (what: string, error: unknown) => void): Jobs {
  const timers = new Map<Job, NodeJS.Timeout>();
  const underWay = new Set<Promise<unknown>>();
  const stopping = new AbortController();

  function plan(job: Job): void {
    if (stopping.signal.aborted) return;
    timers.set(
      job,
      setTimeout(() => {
        const actor = { kind: 'job', id: job.what.replaceAll(' ', '-') } as const;
        const run = withAct({ act: null, actor, requestId: null }, () => job.work(stopping.signal))
          .catch((error: unknown) => onError(job.what, error))
          .finally(() => {
            underWay.delete(run);
            plan(job);
          });
        underWay.add(run);
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
  };
}
