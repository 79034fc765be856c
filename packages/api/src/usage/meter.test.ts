import { describe, expect, test } from 'vitest';
import { Meter, pagesOf, type Reading } from './meter.ts';

/** mulberry32: small, seeded, and the same on every machine. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Told {
  readonly life: string;
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** A VPN server that moves packets, is read from time to time, and sometimes restarts its counters. */
function aHistory(next: () => number): { told: Told[]; moved: { receivedBytes: number; sentBytes: number } } {
  const told: Told[] = [];
  const moved = { receivedBytes: 0, sentBytes: 0 };
  let counts = { receivedBytes: 0, sentBytes: 0 };
  let life = 0;
  const read = () => told.push({ life: `life ${life}`, ...counts });
  for (let step = 0; step < 60; step++) {
    const what = next();
    if (what < 0.5) {
      const [up, down] = [Math.floor(next() * 1e9), Math.floor(next() * 1e9)];
      counts = { receivedBytes: counts.receivedBytes + up, sentBytes: counts.sentBytes + down };
      moved.receivedBytes += up;
      moved.sentBytes += down;
    } else if (what < 0.9) read();
    else {
      // Bytes since the last reading die with the counters, so this history reads just before.
      read();
      life++;
      counts = { receivedBytes: 0, sentBytes: 0 };
    }
  }
  read();
  return { told, moved };
}

describe('readings in any order and number', () => {
  test.each(Array.from({ length: 200 }, (_, seed) => seed))('add up to the moved bytes (seed %i)', (seed) => {
    const next = random(seed);
    const { told, moved } = aHistory(next);
    const shuffled = [...told, ...told, ...told]
      .map((reading) => ({ reading, key: next() }))
      .sort((a, b) => a.key - b.key)
      .map(({ reading }) => reading);
    const meter = new Meter();
    const sum = { receivedBytes: 0, sentBytes: 0 };
    for (const reading of shuffled) {
      const added = meter.read(reading.life, reading);
      expect(Math.min(added.receivedBytes, added.sentBytes)).toBeGreaterThanOrEqual(0);
      sum.receivedBytes += added.receivedBytes;
      sum.sentBytes += added.sentBytes;
    }
    expect(sum).toEqual(moved);
    expect(meter.total).toEqual(moved);
  });

  test('change nothing when repeated', () => {
    const meter = new Meter();
    expect(meter.read('a', { receivedBytes: 5, sentBytes: 7 })).toEqual({ receivedBytes: 5, sentBytes: 7 });
    for (let again = 0; again < 3; again++) {
      expect(meter.read('a', { receivedBytes: 5, sentBytes: 7 })).toEqual({ receivedBytes: 0, sentBytes: 0 });
    }
  });

  test('of an earlier life after a later one are not counted twice', () => {
    const meter = new Meter();
    meter.read('a', { receivedBytes: 100, sentBytes: 0 });
    meter.read('b', { receivedBytes: 10, sentBytes: 0 });
    expect(meter.read('a', { receivedBytes: 100, sentBytes: 0 }).receivedBytes).toBe(0);
    expect(meter.total.receivedBytes).toBe(110);
  });
});

describe('pages', () => {
  const reading = (deviceId: string, over: Partial<Reading> = {}): Reading => ({
    deviceId,
    receivedBytes: 1,
    sentBytes: 2,
    handshake: 'live',
    gone: false,
    ...over,
  });

  test('hold every device once, in the order of their ids', () => {
    const next = random(7);
    const readings = Array.from({ length: 2_345 }, () => reading(String(Math.floor(next() * 1_500))));
    const pages = pagesOf(readings, 1_000);
    const ids = pages.flat().map(({ deviceId }) => deviceId);
    expect(pages.every((page) => page.length <= 1_000)).toBe(true);
    expect(ids).toEqual([...new Set(readings.map(({ deviceId }) => deviceId))].sort());
  });

  test('a device that was removed and set again has its highest counts, and is alive', () => {
    const gone = reading('a', { receivedBytes: 90, sentBytes: 1, gone: true, handshake: 'never' });
    const alive = reading('a', { receivedBytes: 10, sentBytes: 5 });
    const wanted = { ...alive, receivedBytes: 90 };
    expect(pagesOf([gone, alive], 10)).toEqual([[wanted]]);
    expect(pagesOf([alive, gone], 10)).toEqual([[wanted]]);
  });

  test('no readings give no pages', () => {
    expect(pagesOf([], 10)).toEqual([]);
  });
});
