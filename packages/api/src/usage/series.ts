import { invalidField } from '../platform/errors.ts';
import { POINTS_MAX } from '../platform/limits/limits.ts';

export type Granularity = 'hour' | 'day';

const MS: Readonly<Record<Granularity, number>> = { hour: 3_600_000, day: 86_400_000 };

const POINTS_DEFAULT: Readonly<Record<Granularity, number>> = { hour: 24, day: 30 };

/** The bytes of one device (null: of all together) in the hour or day from `startsAt`. */
export interface UsageRow {
  readonly startsAt: Date;
  readonly device: { readonly id: string; readonly name: string } | null;
  readonly uploadBytes: number;
  readonly downloadBytes: number;
}

interface UsagePoint {
  readonly startsAt: Date;
  readonly uploadBytes: number;
  readonly downloadBytes: number;
}

interface DeviceUsage {
  readonly id: string;
  readonly name: string;
  readonly uploadBytes: number;
  readonly downloadBytes: number;
}

/** From `from` to just before `to`, both at the start of an hour or day (UTC). */
export interface UsageRange {
  readonly from: Date;
  readonly to: Date;
  readonly granularity: Granularity;
}

export interface UsageReport extends UsageRange {
  readonly uploadBytes: number;
  readonly downloadBytes: number;
  /** Every hour or day of the range, including those without usage. */
  readonly series: readonly UsagePoint[];
  /** Largest usage first. Empty if the report is not by device. */
  readonly devices: readonly DeviceUsage[];
  /** The rows behind all of the above. */
  readonly rows: readonly UsageRow[];
}

/**
 * The requested range, widened to whole hours or days. `to` defaults to the end of the current one, `from` to 24
 * hours or 30 days before.
 * @param hourlyDays for how many days hours are kept
 * @throws CVaultError `invalid_request` if it is empty, too long, or hours are no longer kept
 */
export function usageRange(
  asked: {
    readonly from?: Date | undefined;
    readonly to?: Date | undefined;
    readonly granularity: Granularity;
  },
  now: Date,
  hourlyDays: number,
): UsageRange {
  const { granularity } = asked;
  const ms = MS[granularity];
  const floor = (at: number) => Math.floor(at / ms) * ms;
  const to = asked.to === undefined ? floor(now.getTime()) + ms : floor(asked.to.getTime() + ms - 1);
  const from = asked.from === undefined ? to - POINTS_DEFAULT[granularity] * ms : floor(asked.from.getTime());
  if (from >= to) throw invalidField('/to', 'must be after `from`');
  if (to - from > POINTS_MAX[granularity] * ms) {
    throw invalidField('/from', `must be at most ${POINTS_MAX[granularity]} ${granularity}s before \`to\``);
  }
  // One day less than the retention, so that a day that is being rolled up is never reported in part.
  const oldestHour = Math.floor(now.getTime() / MS.day) * MS.day - (hourlyDays - 1) * MS.day;
  if (granularity === 'hour' && from < oldestHour) {
    throw invalidField(
      '/from',
      `must not be before ${new Date(oldestHour).toISOString()} for hours; ask for days`,
    );
  }
  return { from: new Date(from), to: new Date(to), granularity };
}

export function usageReport(range: UsageRange, rows: readonly UsageRow[]): UsageReport {
  const ms = MS[range.granularity];
  const points = new Map<number, { startsAt: Date; uploadBytes: number; downloadBytes: number }>();
  for (let at = range.from.getTime(); at < range.to.getTime(); at += ms) {
    points.set(at, { startsAt: new Date(at), uploadBytes: 0, downloadBytes: 0 });
  }
  const devices = new Map<string, { id: string; name: string; uploadBytes: number; downloadBytes: number }>();
  const total = { uploadBytes: 0, downloadBytes: 0 };
  const add = (sum: { uploadBytes: number; downloadBytes: number }, row: UsageRow) => {
    sum.uploadBytes += row.uploadBytes;
    sum.downloadBytes += row.downloadBytes;
  };
  for (const row of rows) {
    add(total, row);
    const point = points.get(row.startsAt.getTime());
    if (point !== undefined) add(point, row);
    if (row.device === null) continue;
    let device = devices.get(row.device.id);
    if (device === undefined) {
      device = { ...row.device, uploadBytes: 0, downloadBytes: 0 };
      devices.set(device.id, device);
    }
    add(device, row);
  }
  const moved = ({ uploadBytes, downloadBytes }: DeviceUsage) => uploadBytes + downloadBytes;
  return {
    ...range,
    ...total,
    series: [...points.values()],
    devices: [...devices.values()].sort((a, b) => moved(b) - moved(a) || (a.id < b.id ? -1 : 1)),
    rows,
  };
}
