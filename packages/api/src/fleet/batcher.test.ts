import { expect, test } from 'vitest';
import { Batcher } from './batcher.ts';

/** A batcher whose batches the test answers. */
function underControl(itemsMax = 3) {
  const batches: { items: number[]; answer: (results: string[]) => void; fail: (error: Error) => void }[] =
    [];
  const batcher = new Batcher<number, string>(
    (items) => new Promise((answer, fail) => batches.push({ items, answer, fail })),
    itemsMax,
  );
  return { batches, batcher };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('an item that finds the batcher idle goes at once, alone', async () => {
  const { batches, batcher } = underControl();
  void batcher.push(1);
  await turn();
  expect(batches.map(({ items }) => items)).toEqual([[1]]);
});

test('what comes while a batch is under way goes together, in order and in bounded batches', async () => {
  const { batches, batcher } = underControl(3);
  const answers = [batcher.push(1)];
  await turn();
  answers.push(...[2, 3, 4, 5].map((n) => batcher.push(n)));
  await turn();
  expect(batches).toHaveLength(1);
  batches[0]!.answer(['a']);
  await turn();
  expect(batches[1]!.items).toEqual([2, 3, 4]);
  batches[1]!.answer(['b', 'c', 'd']);
  await turn();
  batches[2]!.answer(['e']);
  expect(await Promise.all(answers)).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('a batch that fails fails its own items and no others', async () => {
  const { batches, batcher } = underControl();
  const first = batcher.push(1);
  await turn();
  const second = batcher.push(2);
  batches[0]!.fail(new Error('cut'));
  await expect(first).rejects.toThrow('cut');
  await turn();
  batches[1]!.answer(['ok']);
  expect(await second).toBe('ok');
});
