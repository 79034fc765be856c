/** Periodic work goes through many items. One that fails is noted, rests for a while, and holds up none of the others. */
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';

/** The pause grows with every failure: 5 s, 10 s, … up to a minute. */
const REST_STEP_SECONDS = 5;
const REST_MOST_SECONDS = 60;
/** An item that nobody has attempted for this long after its rest is gone: its row was deleted, or somebody else did it. */
const FORGOTTEN_AFTER_MS = 600_000;
/** More notes than this would cost memory and tell nobody more. Items beyond it are isolated all the same. */
const NOTES_MOST = 10_000;

export interface FailingItem {
  /** The job's name for it: an id, mostly. */
  readonly item: string;
  readonly error: unknown;
  /** Failed attempts in a row. */
  readonly attempts: number;
  readonly failingSince: Date;
  readonly nextAttemptAt: Date;
}

export interface Items {
  /** Does `work` for one item. Answers null where it failed, and where the item still rests from its last failure. */
  attempt<T>(item: string, work: () => Promise<T>): Promise<T | null>;
  /**
   * Does `work` for many items at once. Where that fails, each is attempted by itself. Answers what succeeded. Items that have
   * failed before are attempted alone, so that they do not break the next batch too.
   */
  together<T>(items: readonly string[], work: (items: readonly string[]) => Promise<T>): Promise<T[]>;
  /** An item that has failed is done, or nobody's any more: without an attempt. */
  forget(item: string): void;
  /** Items that failed a moment ago. A selection that is limited in size leaves them out, or they would fill it. */
  resting(): string[];
  failing(): FailingItem[];
}

export interface ItemsOptions {
  /** Whether an error is of no item: the database is away. It ends the run. Absent: every error is its item's. */
  readonly endsRun?: (error: unknown) => boolean;
  readonly onFailure?: (item: string, error: unknown) => void;
  readonly clock?: Clock;
}

export function createItems({ endsRun, onFailure, clock = systemClock }: ItemsOptions = {}): Items {
  const notes = new Map<string, FailingItem>();
  const now = () => clock.now().getTime();

  function note(item: string, error: unknown): void {
    onFailure?.(item, error);
    const before = notes.get(item);
    if (before === undefined && notes.size >= NOTES_MOST) return;
    const attempts = (before?.attempts ?? 0) + 1;
    const restMs = Math.min(REST_STEP_SECONDS * attempts, REST_MOST_SECONDS) * 1_000;
    notes.set(item, {
      item,
      error,
      attempts,
      failingSince: before?.failingSince ?? clock.now(),
      nextAttemptAt: new Date(now() + restMs),
    });
  }

  function failing(): FailingItem[] {
    for (const { item, nextAttemptAt } of notes.values()) {
      if (now() - nextAttemptAt.getTime() > FORGOTTEN_AFTER_MS) notes.delete(item);
    }
    return [...notes.values()];
  }

  const isResting = (item: string) => (notes.get(item)?.nextAttemptAt.getTime() ?? 0) > now();

  async function attempt<T>(item: string, work: () => Promise<T>): Promise<T | null> {
    if (isResting(item)) return null;
    try {
      const done = await work();
      notes.delete(item);
      return done;
    } catch (error) {
      if (endsRun?.(error) === true) throw error;
      note(item, error);
      return null;
    }
  }

  return {
    attempt,

    async together<T>(items: readonly string[], work: (items: readonly string[]) => Promise<T>) {
      const done: T[] = [];
      const alone = items.filter((item) => notes.has(item));
      const batch = items.filter((item) => !notes.has(item));
      try {
        if (batch.length > 0) done.push(await work(batch));
      } catch (error) {
        if (endsRun?.(error) === true) throw error;
        alone.push(...batch);
      }
      for (const item of alone) {
        const single = await attempt(item, async () => ({ result: await work([item]) }));
        if (single !== null) done.push(single.result);
      }
      return done;
    },

    forget: (item) => void notes.delete(item),

    resting: () =>
      failing()
        .map(({ item }) => item)
        .filter(isResting),

    failing,
  };
}
