/** Where changes come, they have the interface for themselves for this many times as long as a turn took. */
const REST = 3;
/** A reading is not to become stale for that. */
const LONGEST_REST_MS = 3_000;

export interface ReadingTurns {
  /** Does a reading when its turn comes. Those of the same name in one turn are one. */
  take(name: string, read: () => Promise<string>): Promise<string>;
  /** To be called when a change begins. */
  noteChange(): void;
}

/**
 * Readings by turns. wireguard-go takes no change while it is read, and whichever part is asked for, it writes down all
 * peers: half a second at 50,000. So readings that come during a turn wait and are done together in the next one. After a
 * turn in which a change came there is a rest.
 */
export function createReadingTurns(): ReadingTurns {
  let changes = 0;
  let next = new Map<string, Waiting>();
  let isRunning = false;

  async function run(): Promise<void> {
    isRunning = true;
    // Those who ask at the same moment are of one turn.
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
  /** Never rejects; who waits hears of the failure. */
  readonly start: () => Promise<void>;
}

function wait(read: () => Promise<string>): Waiting {
  let start: Waiting['start'] = () => Promise.resolve();
  const done = new Promise<string>((resolve, reject) => {
    start = () => read().then(resolve, reject);
  });
  return { done, start };
}
