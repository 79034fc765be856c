interface Waiting<T, R> {
  readonly item: T;
  resolve(result: R): void;
  reject(error: unknown): void;
}

/**
 * Batches only what is already waiting: an item that finds nothing under way goes at once, those that come while a
 * batch is under way go together in the next. No timer, so nobody waits for company.
 */
export class Batcher<T, R> {
  readonly #send: (items: T[]) => Promise<R[]>;
  readonly #itemsMax: number;
  #waiting: Waiting<T, R>[] = [];
  #sending = false;

  /** @param send answers a result for each item, in their order; a rejection stands for all of them */
  constructor(send: (items: T[]) => Promise<R[]>, itemsMax: number) {
    this.#send = send;
    this.#itemsMax = itemsMax;
  }

  push(item: T): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (!this.#sending) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#sending = true;
    // Items of the same turn of the event loop are company that costs nothing to wait for.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#itemsMax);
      try {
        const results = await this.#send(batch.map(({ item }) => item));
        batch.forEach(({ resolve }, index) => resolve(results[index]!));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#sending = false;
  }
}
