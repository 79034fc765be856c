import { expect, test } from 'vitest';
import { WorkQueue } from './work-queue.ts';

test('never runs more at once than it may, in the order in which it came', async () => {
  const queue = new WorkQueue({ running: 2, waiting: 10 });
  const order: number[] = [];
  let running = 0;
  let most = 0;
  const work = (index: number) => async () => {
    order.push(index);
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
  };
  await Promise.all([0, 1, 2, 3, 4, 5].map((index) => queue.run(work(index))));
  expect(most).toBe(2);
  expect(order).toEqual([0, 1, 2, 3, 4, 5]);
});

test('work that fails frees its place', async () => {
  const queue = new WorkQueue({ running: 1, waiting: 0 });
  for (let time = 0; time < 3; time++) {
    await expect(queue.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  }
  await expect(queue.run(() => Promise.resolve('done'))).resolves.toBe('done');
});
