import type { UsageReport } from './series.ts';
import { POINTS_MAX } from '../platform/limits/limits.ts';
import { z } from 'zod';
import { Instant } from '../platform/http/schemas/answers.ts';
import { Id } from '../platform/http/schemas/ids.ts';
import { Moment } from '../platform/http/schemas/moments.ts';

export const UsageQuery = z.strictObject({
  from: Moment.optional().meta({
    description: 'Rounded down to an hour or day, UTC. Absent: 24 hours or 30 days before `to`',
  }),
  to: Moment.optional().meta({
    description: 'Rounded up. Absent: the end of the hour or day that is under way',
  }),
  granularity: z
    .enum(['hour', 'day'])
    .default('day')
    .meta({
      description: `At most ${POINTS_MAX.hour} hours or ${POINTS_MAX.day} days. Hours are kept for a week by default`,
    }),
  format: z
    .enum(['json', 'csv'])
    .optional()
    .meta({ description: 'Absent: what `Accept` prefers; JSON where it does not say' }),
});

const bytes = { uploadBytes: z.int(), downloadBytes: z.int() };

export const Usage = z
  .object({
    from: Instant,
    to: Instant.meta({ description: 'Not included' }),
    granularity: z.enum(['hour', 'day']),
    ...bytes,
    series: z
      .array(z.object({ startsAt: Instant, ...bytes }))
      .meta({ description: 'Every hour or day of the range' }),
  })
  .meta({ id: 'Usage' });

export const UsageByDevice = Usage.extend({
  devices: z
    .array(z.object({ deviceId: Id, deviceName: z.string(), ...bytes }))
    .meta({ description: 'Devices with the most data first, deleted ones included' }),
}).meta({ id: 'UsageByDevice' });

const pointOf = ({ startsAt, uploadBytes, downloadBytes }: UsageReport['series'][number]) => ({
  startsAt,
  uploadBytes,
  downloadBytes,
});

export function usageResource(report: UsageReport): z.infer<typeof Usage> {
  const { from, to, granularity, uploadBytes, downloadBytes, series } = report;
  return { from, to, granularity, uploadBytes, downloadBytes, series: series.map(pointOf) };
}

export function usageByDeviceResource(report: UsageReport): z.infer<typeof UsageByDevice> {
  return {
    ...usageResource(report),
    devices: report.devices.map(({ id, name, uploadBytes, downloadBytes }) => ({
      deviceId: id,
      deviceName: name,
      uploadBytes,
      downloadBytes,
    })),
  };
}
