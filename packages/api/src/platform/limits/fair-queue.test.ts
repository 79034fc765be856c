import { expect, test } from 'vitest';
import { FairQueue } from './fair-queue.ts';

const full = () => new Error('full');

/** Work that notes its start and runs until ended. */
function heldWork() {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const work = (name: string) => () => {
    begun.push(name);
    return new Promise<string>((resolve) => ends.push(() => resolve(name)));
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const endAll = async () => {
    while (ends.length > 0) {
      ends.shift()?.();
      await settle();
    }
  };
  return { begun, work, settle, endAll };
}

test('respects its limit, and runs each sharer’s work in order', async () => {
  const queue = new FairQueue({ running: 2, waiting: 10 }, full);
  const order: number[] = [];
  let running = 0;
  let most = 0;
  const work = (index: number) => async () => {
    order.push(index);
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
  };
  await Promise.all([0, 1, 2, 3, 4, 5].map((index) => queue.run('a', work(index))));
  expect(most).toBe(2);
  expect(order).toEqual([0, 1, 2, 3, 4, 5]);
});

test('failing work frees its place', async () => {
  const queue = new FairQueue({ running: 1, waiting: 0 }, full);
  for (let time = 0; time < 3; time++) {
    await expect(queue.run('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  }
  await expect(queue.run('a', () => Promise.resolve('done'))).resolves.toBe('done');
});

test('sharers take turns: after another’s hundred entries, a newcomer is next but one', async () => {
  const queue = new FairQueue({ running: 1, waiting: 200 }, full);
  const { begun, work, settle, endAll } = heldWork();
  const all = [...Array.from({ length: 100 }, (_, n) => `a${n}`), 'b0', 'b1', 'c0'].map((name) =>
    queue.run(name[0]!, work(name)),
  );
  await settle();
  await endAll();
  await Promise.all(all);
  expect(begun.slice(0, 8)).toEqual(['a0', 'a1', 'b0', 'c0', 'a2', 'b1', 'a3', 'a4']);
  expect(begun).toHaveLength(103);
});

test('when full, only the longest line gives up its newest entry, and only for a shorter line', async () => {
  const queue = new FairQueue({ running: 1, waiting: 4 }, full);
  const { begun, work, settle, endAll } = heldWork();
  const outcomes = new Map<string, Promise<string>>();
  const ask = (name: string) =>
    outcomes.set(
      name,
      queue.run(name[0]!, work(name)).catch((error: unknown) => (error as Error).message),
    );
  for (const name of ['a0', 'a1', 'a2', 'a3', 'a4']) ask(name);
  // Its own line is the longest.
  ask('a5');
  ask('b0');
  ask('b1');
  // Both lines have two.
  ask('b2');
  ask('c0');
  await settle();
  await endAll();
  const ends = Object.fromEntries(
    await Promise.all([...outcomes].map(async ([name, end]) => [name, await end] as const)),
  );
  expect(Object.keys(ends).filter((name) => ends[name] === 'full')).toEqual(['a2', 'a3', 'a4', 'a5', 'b2']);
  expect(begun).toEqual(['a0', 'a1', 'b0', 'c0', 'b1']);
});
