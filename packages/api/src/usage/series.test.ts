import { describe, expect, test } from 'vitest';
import { usageRange } from './series.ts';

const now = new Date('2026-05-10T12:34:56.789Z');
const at = (text: string) => new Date(text);
const iso = ({ from, to }: { from: Date; to: Date }) => [from.toISOString(), to.toISOString()];

describe('a range', () => {
  test('without bounds is the last 24 hours or 30 days, including the current one', () => {
    expect(iso(usageRange({ granularity: 'hour' }, now, 7))).toEqual([
      '2026-05-09T13:00:00.000Z',
      '2026-05-10T13:00:00.000Z',
    ]);
    expect(iso(usageRange({ granularity: 'day' }, now, 7))).toEqual([
      '2026-04-11T00:00:00.000Z',
      '2026-05-11T00:00:00.000Z',
    ]);
  });

  test('is widened to whole hours and days', () => {
    const asked = { from: at('2026-05-09T01:59:59.999Z'), to: at('2026-05-09T03:00:00.001Z') };
    expect(iso(usageRange({ ...asked, granularity: 'hour' }, now, 7))).toEqual([
      '2026-05-09T01:00:00.000Z',
      '2026-05-09T04:00:00.000Z',
    ]);
    expect(iso(usageRange({ ...asked, granularity: 'day' }, now, 7))).toEqual([
      '2026-05-09T00:00:00.000Z',
      '2026-05-10T00:00:00.000Z',
    ]);
  });

  test.each([
    ['empty', { from: at('2026-05-10T00:00:00Z'), to: at('2026-05-10T00:00:00Z'), granularity: 'day' }],
    ['backwards', { from: at('2026-05-10T00:00:00Z'), to: at('2026-05-01T00:00:00Z'), granularity: 'day' }],
    ['too long', { from: at('2024-05-10T00:00:00Z'), granularity: 'day' }],
    ['of hours that are days by now', { from: at('2026-05-03T00:00:00Z'), granularity: 'hour' }],
  ] as const)('that is %s is refused', (_what, asked) => {
    expect(() => usageRange(asked, now, 7)).toThrow(
      expect.objectContaining({ code: 'invalid_request' }) as Error,
    );
  });
});
