import { expect, test } from 'vitest';
import { createLogger } from '../observability/logger.ts';
import { Interrupted, Started } from './process.ts';

const log = createLogger('silent');

test('stops in reverse order', async () => {
  const ended: string[] = [];
  const started = new Started();
  for (const what of ['one', 'two', 'three']) {
    started.add(what, () => {
      ended.push(what);
      return Promise.resolve();
    });
  }
  expect(await started.stopAll(log)).toBe(true);
  expect(ended).toEqual(['three', 'two', 'one']);
});

test.each<[string, () => Promise<unknown>]>([
  ['fails', () => Promise.reject(new Error('no'))],
  [
    'throws',
    () => {
      throw new Error('no');
    },
  ],
  ['hangs', () => new Promise(() => undefined)],
])('one step that %s takes nobody’s turn, and the rest is told', async (_how, stop) => {
  const told: boolean[] = [];
  const note = (inOrder: boolean) => Promise.resolve(told.push(inOrder));
  const started = new Started();
  started.add('below', note);
  started.add('the one', stop, 100);
  started.add('above', note);
  expect(await started.stopAll(log)).toBe(false);
  expect(told).toEqual([true, false]);
});

test('an interrupted start goes no further, and its current step is stopped', async () => {
  const started = new Started();
  let ended = false;
  started.interrupt();
  expect(() => {
    started.add('late', () => Promise.resolve((ended = true)));
  }).toThrow(Interrupted);
  await started.stopAll(log);
  expect(ended).toBe(true);
});
