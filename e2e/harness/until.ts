import { setTimeout as sleep } from 'node:timers/promises';

/** Repeats `ask` until its result is neither undefined, null nor false; gives up after a generous time. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | null | false>,
  giveUpMs = 60_000,
): Promise<T> {
  const end = performance.now() + giveUpMs;
  let last: unknown;
  do {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== null && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    await sleep(50);
  } while (performance.now() < end);
  throw new Error(`waited in vain until ${what}`, { cause: last });
}
