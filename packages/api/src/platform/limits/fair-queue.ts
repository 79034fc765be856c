export interface FairQueueLimits {
  /** How much runs at once. */
  readonly running: number;
  /** How much waits, of all sharers together. */
  readonly waiting: number;
}

interface Waiter {
  readonly begin: () => void;
  readonly giveUp: (reason: unknown) => void;
}

/**
 * Runs costly work a few at a time. Those who share the queue take turns, so one who asks for much waits behind itself and
 * not in front of the others. When the queue is full, the longest line gives up its newest entry.
 */
export class FairQueue {
  readonly #limits: FairQueueLimits;
  readonly #refusal: () => Error;
  /** A line for each sharer, the one whose turn is next first. No line is empty. */
  readonly #lines = new Map<string, Waiter[]>();
  #running = 0;
  #waiting = 0;

  /** @param refusal what is thrown at whoever cannot wait */
  constructor(limits: FairQueueLimits, refusal: () => Error) {
    this.#limits = limits;
    this.#refusal = refusal;
  }

  /** @throws what `refusal` makes, where too much waits already */
  async run<T>(sharer: string, work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#limits.running) this.#running++;
    else await this.#wait(sharer);
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  #wait(sharer: string): Promise<void> {
    const line = this.#lines.get(sharer) ?? [];
    if (this.#waiting >= this.#limits.waiting && !this.#makeRoom(line.length)) throw this.#refusal();
    return new Promise((begin, giveUp) => {
      line.push({ begin, giveUp });
      this.#lines.set(sharer, line);
      this.#waiting++;
    });
  }

  /** Ends the newest wait of the longest line, unless that is no longer than `own` would become. */
  #makeRoom(own: number): boolean {
    let longest: [sharer: string, line: Waiter[]] | null = null;
    for (const entry of this.#lines) {
      if (longest === null || entry[1].length > longest[1].length) longest = entry;
    }
    if (longest === null || longest[1].length <= own + 1) return false;
    const newest = longest[1].pop();
    this.#waiting--;
    newest?.giveUp(this.#refusal());
    return true;
  }

  /** Hands the place of work that has ended to the next in turn, so nobody who comes later takes it first. */
  #next(): void {
    for (const [sharer, line] of this.#lines) {
      const first = line.shift();
      this.#lines.delete(sharer);
      if (line.length > 0) this.#lines.set(sharer, line);
      this.#waiting--;
      first?.begin();
      return;
    }
    this.#running--;
  }
}
