import { expect, test } from 'vitest';
import { periodEnd, periodStart } from './period.ts';

test.each([
  [1, '2026-03-01T00:00:00.000Z', '2026-03-01', '2026-04-01'],
  [1, '2026-03-31T23:59:59.999Z', '2026-03-01', '2026-04-01'],
  [10, '2026-03-09T23:59:59.999Z', '2026-02-10', '2026-03-10'],
  [10, '2026-03-10T00:00:00.000Z', '2026-03-10', '2026-04-10'],
  [28, '2026-03-01T12:00:00.000Z', '2026-02-28', '2026-03-28'],
  [28, '2024-02-29T12:00:00.000Z', '2024-02-28', '2024-03-28'],
  [15, '2026-01-03T00:00:00.000Z', '2025-12-15', '2026-01-15'],
])('reset day %i: %s lies from %s to %s', (resetDay, at, start, end) => {
  expect(periodStart(resetDay, new Date(at)).toISOString().slice(0, 10)).toBe(start);
  expect(periodEnd(resetDay, new Date(at)).toISOString().slice(0, 10)).toBe(end);
});
