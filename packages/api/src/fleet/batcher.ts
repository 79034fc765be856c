interface Waiting<T, R> {
  readonly item: T;
  resolve(result: R): void;
  reject(error: unknown): void;
}

/**
 * Batches only items that already wait. An item that finds no batch in progress is sent at once; items that come
 * during a batch form the next. There is no timer, so nothing waits for a batch to fill.
 */
export class Batcher<T, R> {
  readonly #send: (items: T[]) => Promise<R[]>;
  readonly #itemsMax: number;
  #waiting: Waiting<T, R>[] = [];
  #sending = false;

  /** @param send returns a result for each item, in order; a rejection applies to all of them */
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
    // Items of the same turn of the event loop join at no cost.
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
