/** Isolates the items of periodic work: a failing item is noted, rests for a while, and delays no other. */
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';

/** The pause grows with every failure: 5 s, 10 s, … up to a minute. */
const REST_STEP_SECONDS = 5;
const REST_MOST_SECONDS = 60;
/** An item without an attempt for this long after its rest is gone: deleted, or done elsewhere. */
const FORGOTTEN_AFTER_MS = 600_000;
/** More notes would cost memory without helping anybody. Further items are still isolated. */
const NOTES_MOST = 10_000;

export interface FailingItem {
  /** The job's name for the item, usually an id. */
  readonly item: string;
  readonly error: unknown;
  /** Consecutive failed attempts. */
  readonly attempts: number;
  readonly failingSince: Date;
  readonly nextAttemptAt: Date;
}

export interface Items {
  /** Runs `work` for one item. Returns null if it fails or the item is still resting. */
  attempt<T>(item: string, work: () => Promise<T>): Promise<T | null>;
  /**
   * Runs `work` for many items at once. If that fails, attempts each one separately. Returns the results of the
   * successful calls. Items that failed before run separately, so that they cannot break another batch.
   */
  together<T>(items: readonly string[], work: (items: readonly string[]) => Promise<T>): Promise<T[]>;
  /** Removes a failing item that no longer needs an attempt. */
  forget(item: string): void;
  /** Resting items. A selection of limited size must exclude them, or they would fill it. */
  resting(): string[];
  failing(): FailingItem[];
}

export interface ItemsOptions {
  /**
   * Whether an error concerns no item, such as an unavailable database; it then ends the run. By default, every
   * error belongs to its item.
   */
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
