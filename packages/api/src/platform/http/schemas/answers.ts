import { z } from 'zod';

/** A time in UTC with milliseconds. Handlers return a Date. */
export const Instant = z.date().meta({ description: 'ISO 8601, UTC, with milliseconds' });

/** An answer without a body: `reply.code(204).send(null)`. */
export const NoContent = z.null().meta({ description: 'Done' });

/**
 * The schema of a setting in answers: the same type without its bounds. An answer need not promise them, and a newer
 * release may widen them.
 * @throws TypeError for a kind of schema that no setting has used so far
 */
export function answered<S extends z.ZodType>(settable: S): z.ZodType<z.output<S>>;
export function answered(settable: z.core.$ZodType): z.ZodType {
  if (settable instanceof z.ZodNullable) return answered(settable.unwrap() as z.ZodType).nullable();
  if (settable instanceof z.ZodArray) return z.array(answered(settable.element as z.ZodType));
  // A text that is brought into its one spelling.
  if (settable instanceof z.ZodPipe) return answered(settable.in as z.ZodType);
  if (settable instanceof z.ZodString) return z.string();
  if (settable instanceof z.ZodNumber) return z.int();
  if (settable instanceof z.ZodBoolean) return z.boolean();
  throw new TypeError(`no answer is known for ${settable._zod.def.type}`);
}
