import { z } from 'zod';

/** An id of ours. */
export const Id = z.uuid().meta({ description: 'UUID' });

/** The `id` of a path such as `/devices/{id}`. */
export const IdParams = z.strictObject({ id: Id });
