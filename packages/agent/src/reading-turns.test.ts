import { expect, test, vi } from 'vitest';
import { createReadingTurns } from './reading-turns.ts';

/** A reading that ends on command. */
function aReading() {
  let end: (text: string) => void = () => undefined;
  const read = vi.fn(() => new Promise<string>((resolve) => (end = resolve)));
  return { read, end: (text: string) => end(text) };
}

test('readings that come during a turn are done together in the next, each name once', async () => {
  const turns = createReadingTurns();
  const [first, second, third] = [aReading(), aReading(), aReading()];
  const one = turns.take('peers', first.read);
  await vi.waitUntil(() => first.read.mock.calls.length === 1);

  const others = [
    turns.take('peers', second.read),
    turns.take('peers', third.read),
    turns.take('port', third.read),
  ];
  await new Promise((resolve) => setImmediate(resolve));
  expect(second.read).not.toHaveBeenCalled();
  first.end('old');
  expect(await one).toBe('old');
  await vi.waitUntil(() => second.read.mock.calls.length === 1 && third.read.mock.calls.length === 1);
  second.end('new');
  third.end('51820');
  expect(await Promise.all(others)).toEqual(['new', 'new', '51820']);
});

test('a turn in which a change came is followed by a rest three times as long, of three seconds at most', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] });
  try {
    for (const [readingMs, restMs] of [
      [100, 300],
      [5_000, 3_000],
    ] as const) {
      const turns = createReadingTurns();
      const slow = () => new Promise<string>((resolve) => setTimeout(() => resolve(''), readingMs));
      const one = turns.take('peers', slow);
      await vi.advanceTimersByTimeAsync(readingMs / 2);
      turns.noteChange();
      await vi.advanceTimersByTimeAsync(readingMs / 2);
      await one;
      const after = vi.fn(() => Promise.resolve('after'));
      const other = turns.take('peers', after);
      await vi.advanceTimersByTimeAsync(restMs - 1);
      expect(after).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(1);
      expect(await other).toBe('after');
    }
  } finally {
    vi.useRealTimers();
  }
});

test('where no change comes there is no rest', async () => {
  const turns = createReadingTurns();
  turns.noteChange();
  vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] });
  try {
    expect(await turns.take('peers', () => Promise.resolve('one'))).toBe('one');
    expect(await turns.take('peers', () => Promise.resolve('other'))).toBe('other');
  } finally {
    vi.useRealTimers();
  }
});

test('a failure reaches its callers, and the next reading gets its turn', async () => {
  const turns = createReadingTurns();
  await expect(turns.take('peers', () => Promise.reject(new Error('no such device')))).rejects.toThrow(
    'no such device',
  );
  expect(await turns.take('peers', () => Promise.resolve('again'))).toBe('again');
});
