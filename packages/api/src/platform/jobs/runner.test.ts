import { expect, test, vi } from 'vitest';
import { createItems } from './items.ts';
import type { Job } from './job.ts';
import { createJobRunner } from './runner.ts';
import { isStalled } from './status.ts';

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 5 });

function start(job: Pick<Job, 'run' | 'endsRun'>) {
  const errors: unknown[] = [];
  const runner = createJobRunner([{ name: 'a job', everyMs: 1, ...job }], {
    onError: (name, error) => errors.push(name, error),
    itemsOf: ({ endsRun }) => createItems(endsRun === undefined ? {} : { endsRun }),
  });
  const status = () => runner.status()[0]!;
  return { runner, status, errors };
}

test('what runs did is added up; an item that fails rests, and the run succeeds', async () => {
  const { runner, status } = start({
    async run(items) {
      await items.attempt('bad', () => Promise.reject(new Error('no')));
      return { devices: 2 };
    },
  });
  expect(status()).toMatchObject({ startedAt: null, succeededAt: null, durationMs: null, done: {} });
  runner.start();
  try {
    await eventually(() => expect(status().done['devices']).toBeGreaterThanOrEqual(4));
    expect(status()).toMatchObject({ error: null, failedRuns: 0, resting: 1, failing: [{ item: 'bad' }] });
    expect(status().succeededAt).not.toBeNull();
    expect(status().durationMs).not.toBeNull();
  } finally {
    await runner.stop();
  }
});

test('a run that ends early is told, and has its next turn', async () => {
  let fails = true;
  const { runner, status, errors } = start({
    run: () => (fails ? Promise.reject(new Error('away')) : Promise.resolve({})),
  });
  runner.start();
  try {
    await eventually(() => expect(status().failedRuns).toBeGreaterThan(1));
    expect(status()).toMatchObject({ error: { message: 'away' }, succeededAt: null });
    expect(errors.slice(0, 2)).toEqual(['a job', new Error('away')]);
    fails = false;
    await eventually(() => expect(status()).toMatchObject({ error: null, failedRuns: 0 }));
  } finally {
    await runner.stop();
  }
});

test('a stop aborts the run that is under way, and nothing is begun any more', async () => {
  let runs = 0;
  const { runner, status } = start({
    async run(_items, stop) {
      runs++;
      await new Promise((resolve) => stop.addEventListener('abort', resolve));
      return { devices: 1 };
    },
  });
  runner.start();
  await eventually(() => expect(status().running).toBe(true));
  await runner.stop();
  expect(status()).toMatchObject({ running: false, done: { devices: 1 } });
  expect(runs).toBe(1);
});

test('a job is stalled that has not succeeded in three of its periods, and no sooner than after five minutes', () => {
  const status = start({ run: () => Promise.resolve({}) }).status();
  const since = new Date('2026-01-01T00:00:00Z');
  const after = (seconds: number, everyMs: number) =>
    isStalled({ ...status, everyMs, waitedForSince: since }, new Date(since.getTime() + seconds * 1_000));
  expect(after(300, 1_000)).toBe(false);
  expect(after(301, 1_000)).toBe(true);
  expect(after(10_800, 3_600_000)).toBe(false);
  expect(after(10_801, 3_600_000)).toBe(true);
  expect(isStalled(status, new Date('2126-01-01T00:00:00Z')), 'it was never started').toBe(false);
});
