import { z } from 'zod';

/** PostgreSQL, JavaScript and RFC 3339 can all represent any time in these years. */
const FIRST_YEAR = 2000;
const END_YEAR = 2100;

/** A time with its zone. Handlers get a Date. */
export const Moment = z.iso
  .datetime({ offset: true, error: 'must be a time with its zone, such as 2026-01-31T12:00:00Z' })
  .transform((text) => new Date(text))
  .refine(
    (at) => at.getUTCFullYear() >= FIRST_YEAR && at.getUTCFullYear() < END_YEAR,
    'must be in this century',
  );
