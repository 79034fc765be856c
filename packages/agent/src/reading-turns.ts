/** After a turn with changes, changes have the interface to themselves for this many times the turn's length. */
const REST = 3;
/** The longest such rest, so that readings do not become stale. */
const LONGEST_REST_MS = 3_000;

export interface ReadingTurns {
  /** Does a reading when its turn comes. Readings of the same name in one turn are one. */
  take(name: string, read: () => Promise<string>): Promise<string>;
  /** Call it when a change begins. */
  noteChange(): void;
}

/**
 * Runs readings in turns. wireguard-go takes no change while it is read, and it writes down all peers for any
 * reading: half a second at 50,000. So readings that come during a turn wait and are done together in the next.
 * After a turn with a change there is a rest.
 */
export function createReadingTurns(): ReadingTurns {
  let changes = 0;
  let next = new Map<string, Waiting>();
  let isRunning = false;

  async function run(): Promise<void> {
    isRunning = true;
    // Readings of the same moment belong to one turn.
    await Promise.resolve();
    while (next.size > 0) {
      const turn = next;
      next = new Map();
      const [began, changesBefore] = [performance.now(), changes];
      await Promise.all([...turn.values()].map(({ start }) => start()));
      if (changes === changesBefore) continue;
      const rest = Math.min(LONGEST_REST_MS, REST * (performance.now() - began));
      await new Promise((resolve) => setTimeout(resolve, rest));
    }
    isRunning = false;
  }

  return {
    take(name, read) {
      const waiting = next.get(name) ?? wait(read);
      next.set(name, waiting);
      if (!isRunning) void run();
      return waiting.done;
    },
    noteChange() {
      changes++;
    },
  };
}

interface Waiting {
  readonly done: Promise<string>;
  /** Never rejects; the waiting callers get the failure. */
  readonly start: () => Promise<void>;
}

function wait(read: () => Promise<string>): Waiting {
  let start: Waiting['start'] = () => Promise.resolve();
  const done = new Promise<string>((resolve, reject) => {
    start = () => read().then(resolve, reject);
  });
  return { done, start };
}
