import { expect, test, vi } from 'vitest';
import { type Fault, Guard } from './guard.ts';
import { createSerialQueue } from './serial-queue.ts';

function aGuard() {
  let faults: Fault[] = [];
  const ends: string[] = [];
  const guard = new Guard({
    keepers: { host: () => Promise.resolve(faults) },
    queue: createSerialQueue(),
    onEndOfEpoch: (why) => ends.push(why),
  });
  return { guard, ends, plant: (...some: Fault[]) => (faults = some) };
}
const finding = { code: 'no_route_out', detail: 'There is none.' };

test('a fault found once is doubted, found twice is reported, and found no more is over', async () => {
  const { guard, plant } = aGuard();
  const told: string[][] = [];
  guard.onReport(({ problems }) => told.push(problems.map(({ code }) => code)));
  plant(finding);
  await guard.look();
  plant();
  await guard.look();
  expect(told).toEqual([]);
  plant(finding);
  await guard.examine();
  expect(guard.report.problems).toEqual([finding]);
  plant();
  await guard.look();
  expect(told).toEqual([['no_route_out'], []]);
});

test('a fault that can be mended is mended between two batches, numbered and reported', async () => {
  const { guard, plant } = aGuard();
  const fault = { ...finding, mend: () => Promise.resolve(void plant()) };
  for (let n = 0; n < 2; n++) {
    plant(fault);
    await guard.look();
    await guard.look();
  }
  expect(guard.report).toEqual({
    problems: [],
    mended: [
      { ...finding, number: 1 },
      { ...finding, number: 2 },
    ],
  });
});

test('a failed mend is reported with the reason', async () => {
  const { guard, plant } = aGuard();
  plant({ ...finding, mend: () => Promise.reject(new Error('read-only file system')) });
  await guard.examine();
  expect(guard.report.problems[0]?.detail).toContain('read-only file system');
  expect(guard.report.mended).toEqual([]);
});

test('a mend that is undone each time becomes a problem, not a flood of mends', async () => {
  const { guard, plant } = aGuard();
  plant({ ...finding, mend: () => Promise.resolve() });
  for (let n = 0; n < 20; n++) await guard.look();
  expect(guard.report.problems.map(({ code }) => code)).toEqual(['no_route_out']);
  expect(guard.report.mended.length).toBeLessThan(5);
  plant();
  await guard.look();
  expect(guard.report.problems).toEqual([]);
});

test('a part that cannot be checked is a problem of its own, and the others are checked', async () => {
  const { guard, plant } = aGuard();
  plant(finding);
  guard.keep('socket', () => Promise.reject(new Error('no such file')));
  await guard.examine();
  expect(guard.report.problems.map(({ code }) => code)).toEqual(['no_route_out', 'socket_unreadable']);
});

test('when only the control plane can restore what was lost, the mend is reported and the epoch ends', async () => {
  const { guard, plant, ends } = aGuard();
  plant({ ...finding, endsEpoch: true, mend: () => Promise.resolve(void plant()) });
  await guard.look();
  expect(guard.report.mended).toHaveLength(1);
  await vi.waitUntil(() => ends.length === 1, { timeout: 40_000 });
});

test('only the last mends are kept, with their numbers', async () => {
  const { guard } = aGuard();
  for (let n = 0; n < 100; n++) guard.noteMended(finding);
  const { mended } = guard.report;
  expect(mended).toHaveLength(64);
  expect(mended.at(-1)?.number).toBe(100);
});
