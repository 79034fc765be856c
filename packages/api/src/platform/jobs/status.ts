import type { FailingItem } from './items.ts';
import type { Done } from './job.ts';

/** A job's runs in this process. */
export interface JobStatus {
  readonly name: string;
  readonly everyMs: number;
  readonly running: boolean;
  /** Null until a first run has started, ended or succeeded. */
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly succeededAt: Date | null;
  /** How long the last run took; null until one has ended. */
  readonly durationMs: number | null;
  /** Why the last run ended early; null if it did not. */
  readonly error: unknown;
  /** Consecutive runs that ended early. */
  readonly failedRuns: number;
  readonly failing: readonly FailingItem[];
  /** Failing items that wait for their next attempt. */
  readonly resting: number;
  /** The sums over all successful runs. */
  readonly done: Done;
  /** The last success, or else the start of the process. Null if the job has not started. */
  readonly waitedForSince: Date | null;
}

const PERIODS = 3;
/** A run may be long where much has piled up. A silence that is shorter than this is no news. */
const STALLED_LEAST_MS = 300_000;

/** Whether a job has not succeeded in three of its periods. */
export function isStalled({ waitedForSince, everyMs }: JobStatus, now: Date): boolean {
  if (waitedForSince === null) return false;
  return now.getTime() - waitedForSince.getTime() > Math.max(PERIODS * everyMs, STALLED_LEAST_MS);
}
