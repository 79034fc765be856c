import { z } from 'zod';
import { Bytes, COUNT_MAX, CountLimit, Speed } from '../platform/http/schemas/limits.ts';

/** Settable limits of one user; null for the tenant's. */
export const UserLimitsInput = z
  .strictObject({
    deviceLimit: z.int().min(0).max(COUNT_MAX).nullable().describe('Most devices'),
    sessionLimit: CountLimit.nullable().describe('Most sessions open at once'),
    dataLimitBytes: Bytes.nullable().describe('Most bytes in a period, up and down together'),
    uploadBitsPerSecond: Speed.nullable().describe('Of each device'),
    downloadBitsPerSecond: Speed.nullable().describe('Of each device'),
  })
  .partial()
  .meta({ id: 'UpdateUserLimits', description: 'Null: the tenant’s limit' });

export const Limits = z
  .object({
    deviceLimit: z.int().nullable(),
    sessionLimit: z.int().nullable(),
    dataLimitBytes: z.int().nullable(),
    uploadBitsPerSecond: z.int().nullable(),
    downloadBitsPerSecond: z.int().nullable(),
  })
  .meta({ id: 'UserLimits' });
