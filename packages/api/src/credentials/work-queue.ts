import { CVaultError } from '@cvault/core';

export interface WorkQueueLimits {
  /** How much runs at once. */
  readonly running: number;
  /** How much waits; more is refused, so that those who wait are served before they give up. */
  readonly waiting: number;
}

/** Runs costly work a few at a time, in the order in which it came. */
export class WorkQueue {
  readonly #limits: WorkQueueLimits;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(limits: WorkQueueLimits) {
    this.#limits = limits;
  }

  /** @throws CVaultError `unavailable` where too much waits already */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#limits.running) {
      if (this.#waiting.length >= this.#limits.waiting) {
        throw new CVaultError('unavailable', 'Too many sign-ins are under way.', { retryAfterSeconds: 2 });
      }
      // Whoever ends hands its place over, so nobody who comes later takes it first.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#running++;
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
