import { expect, test } from 'vitest';
import { createItems } from './items.ts';

function setUp(over: Parameters<typeof createItems>[0] = {}) {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const items = createItems({ clock: { now: () => new Date(now) }, ...over });
  return { items, later: (seconds: number) => (now += seconds * 1_000) };
}

const fail = () => Promise.reject(new Error('no'));
const work = () => Promise.resolve('done');

test('a failing item rests longer each time, up to a minute, until it succeeds', async () => {
  const { items, later } = setUp();
  const rests = [];
  for (let attempt = 1; attempt <= 14; attempt++) {
    expect(await items.attempt('a', fail)).toBeNull();
    let rest = 0;
    while (items.resting().length > 0) {
      expect(await items.attempt('a', work), 'it rests').toBeNull();
      later(1);
      rest++;
    }
    rests.push(rest);
  }
  expect(rests).toEqual([5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 60, 60]);
  expect(items.failing()).toMatchObject([{ item: 'a', attempts: 14 }]);
  expect(await items.attempt('a', work)).toBe('done');
  expect(items.failing()).toEqual([]);
});

test('a failed batch is split up, and its failing items stay out of the next batch', async () => {
  const { items, later } = setUp();
  const calls: string[] = [];
  const batch = (ids: readonly string[]) => {
    calls.push(ids.join(''));
    return ids.includes('b') ? fail() : Promise.resolve(ids.length);
  };
  expect(await items.together(['a', 'b', 'c'], batch)).toEqual([1, 1]);
  expect(await items.together(['a', 'b', 'c'], batch)).toEqual([2]);
  later(5);
  expect(await items.together(['a', 'b', 'c'], batch)).toEqual([2]);
  expect(calls).toEqual(['abc', 'a', 'b', 'c', 'ac', 'ac', 'b']);
  expect(items.failing()).toMatchObject([{ item: 'b', attempts: 2 }]);
});

test('an error that concerns no item ends the run and is noted for none', async () => {
  const { items } = setUp({ endsRun: () => true });
  await expect(items.attempt('a', fail)).rejects.toThrow('no');
  await expect(items.together(['a', 'b'], fail)).rejects.toThrow('no');
  expect(items.failing()).toEqual([]);
});

test('an item that is no longer attempted is forgotten', async () => {
  const { items, later } = setUp();
  await items.attempt('a', fail);
  later(605);
  expect(items.failing()).toHaveLength(1);
  later(1);
  expect(items.failing()).toEqual([]);
});
