import type { FailingItem } from './items.ts';

/** The runs of a job in this process. */
export interface JobStatus {
  readonly what: string;
  readonly everyMs: number;
  readonly running: boolean;
  /** Null until the first run has begun, ended, succeeded. */
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly succeededAt: Date | null;
  /** Why the last run ended early; null where it did not. */
  readonly error: unknown;
  /** Runs in a row that ended early. */
  readonly failedRuns: number;
  readonly failing: readonly FailingItem[];
}
