import { setImmediate as turn } from 'node:timers/promises';
import type { SerialQueue } from './serial-queue.ts';

/** Does long work in steps, so batches and everything else run between them. */
export async function inSteps(work: Iterator<undefined, void>, queue: SerialQueue): Promise<void> {
  for (;;) {
    const { done } = await queue.run(() => Promise.resolve(work.next()));
    if (done === true) return;
    await turn();
  }
}
