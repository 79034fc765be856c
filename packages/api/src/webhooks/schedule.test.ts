import { expect, test } from 'vitest';
import { ATTEMPTS_MAX, pauseAfter } from './schedule.ts';

const pauses = (random: number) =>
  Array.from({ length: ATTEMPTS_MAX - 1 }, (_, index) => pauseAfter(index + 1, null, () => random)!);

test('ten attempts in about three days', () => {
  expect(ATTEMPTS_MAX).toBe(10);
  expect(pauses(0)).toEqual([5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]);
  expect(pauseAfter(10, null)).toBeNull();
  for (const random of [0, 0.999]) {
    const hours = pauses(random).reduce((sum, pause) => sum + pause, 0) / 3_600;
    expect(hours).toBeGreaterThan(72);
    expect(hours).toBeLessThan(96);
  }
});

test('a receiver can lengthen a pause, but not shorten it', () => {
  expect(pauseAfter(1, 120, () => 0)).toBe(120);
  expect(pauseAfter(3, 1, () => 0)).toBe(1_800);
  expect(pauseAfter(10, 120)).toBeNull();
});
