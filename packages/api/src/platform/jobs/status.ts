import type { FailingItem } from './items.ts';

/** A job's runs in this process. */
export interface JobStatus {
  readonly what: string;
  readonly everyMs: number;
  readonly running: boolean;
  /** Null until a first run has started, ended or succeeded. */
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly succeededAt: Date | null;
  /** Why the last run ended early; null if it did not. */
  readonly error: unknown;
  /** Consecutive runs that ended early. */
  readonly failedRuns: number;
  readonly failing: readonly FailingItem[];
}
