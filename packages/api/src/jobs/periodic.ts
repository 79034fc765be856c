import { withAct } from '@cvault/core';

/** Work that every replica does again and again; what must be done once, its own statement sees to. */
export interface Job {
  /** For the log. */
  readonly what: string;
  /** The pause between the end of one time and the beginning of the next. */
  readonly everyMs: number;
  readonly work: () => Promise<unknown>;
}

export interface Jobs {
  start(): void;
  /** Begins nothing more; resolves when what is under way has ended. */
  stop(): Promise<void>;
}

/** None runs twice at once; one that fails is reported and has its next turn. */
export function createJobs(jobs: readonly Job[], onError: (what: string, error: unknown) => void): Jobs {
  const timers = new Map<Job, NodeJS.Timeout>();
  const underWay = new Set<Promise<unknown>>();
  let stopped = false;

  function plan(job: Job): void {
    if (stopped) return;
    timers.set(
      job,
      setTimeout(() => {
        const actor = { kind: 'job', id: job.what.replaceAll(' ', '-') } as const;
        const run = withAct({ act: null, actor, requestId: null }, () => job.work())
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
      stopped = true;
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.all(underWay);
    },
  };
}
