import { z } from 'zod';

/** A time in UTC with milliseconds. Handlers return a Date. */
export const Instant = z.date().meta({ description: 'ISO 8601, UTC, with milliseconds' });

/** An answer without a body: `reply.code(204).send(null)`. */
export const NoContent = z.null().meta({ description: 'Done' });
