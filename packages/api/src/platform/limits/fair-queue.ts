export interface FairQueueLimits {
  /** The maximum of concurrent work. */
  readonly running: number;
  /** The maximum of waiting work, over all sharers. */
  readonly waiting: number;
}

interface Waiter {
  readonly begin: () => void;
  readonly giveUp: (reason: unknown) => void;
}

/**
 * Runs costly work with limited concurrency. Sharers take turns, so a sharer with much work waits behind itself
 * instead of blocking the others. When the queue is full, the longest line gives up its newest entry.
 */
export class FairQueue {
  readonly #limits: FairQueueLimits;
  readonly #refusal: () => Error;
  /** One non-empty line per sharer, in the order of their turns. */
  readonly #lines = new Map<string, Waiter[]>();
  #running = 0;
  #waiting = 0;

  /** @param refusal creates the error for work that cannot wait */
  constructor(limits: FairQueueLimits, refusal: () => Error) {
    this.#limits = limits;
    this.#refusal = refusal;
  }

  /** @throws the error of `refusal` if too much work is waiting */
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

  /** Drops the newest entry of the longest line, unless that line is no longer than `own` would become. */
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

  /** Passes the place of finished work directly to the next in turn, so that no newcomer takes it. */
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
