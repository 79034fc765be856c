import type { Items } from './items.ts';

/** Counts of a run's work, with names chosen by the job, such as `{ devices: 12 }`. */
export type Done = Readonly<Record<string, number>>;

/**
 * Periodic work of every replica. Work that must run once is guarded by its own statement. Each job is a file of its noun,
 * `*.job.ts`.
 */
export interface Job {
  /** Name for log, metrics, audit log and operator. */
  readonly name: string;
  /** The pause between two runs. */
  readonly everyMs: number;
  /**
   * Passes its items through `items`, so that a failing one delays no other.
   * @param stop aborted when the process ends: long work then stops early, and the next process continues it
   */
  readonly run: (items: Items, stop: AbortSignal) => Promise<Done>;
  /** Whether an error ends the run. By default the loss of the database does; any other error fails its item alone. */
  readonly endsRun?: (error: unknown) => boolean;
  /** Shared with other code that attempts the same items. By default the runner makes them. */
  readonly items?: Items;
}
