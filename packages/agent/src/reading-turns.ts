/** After a turn, changes have the interface for themselves for this many times its length. */
const REST = 3;
/** A reading is not to become stale for that. */
const LONGEST_REST_MS = 3_000;

/** Does a reading when its turn comes. Those of the same name in one turn are one. */
export type TakeTurn = (name: string, read: () => Promise<string>) => Promise<string>;

/**
 * Readings by turns. wireguard-go takes no change while it is read, and whichever part is asked for, it writes down all
 * peers: half a second at 50,000. So readings that come during a turn wait and are done together in the next one, and there
 * is a rest between two turns.
 */
export function createReadingTurns(): TakeTurn {
  let next = new Map<string, Waiting>();
  let isRunning = false;

  async function run(): Promise<void> {
    isRunning = true;
    // Those who ask at the same moment are of one turn.
    await Promise.resolve();
    while (next.size > 0) {
      const turn = next;
      next = new Map();
      const began = performance.now();
      await Promise.all([...turn.values()].map(({ start }) => start()));
      const rest = Math.min(LONGEST_REST_MS, REST * (performance.now() - began));
      await new Promise((resolve) => setTimeout(resolve, rest));
    }
    isRunning = false;
  }

  return (name, read) => {
    const waiting = next.get(name) ?? wait(read);
    next.set(name, waiting);
    if (!isRunning) void run();
    return waiting.done;
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
