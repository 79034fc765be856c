import { z } from 'zod';

/**
 * An id of ours, in its one spelling from here on: Swift and .NET write UUIDs in capitals, and texts that differ are different
 * things wherever an id is bound to what is sealed or hashed.
 */
export const Id = z.uuid('must be a UUID').toLowerCase().meta({ description: 'UUID' });

/** The `id` of a path such as `/devices/{id}`. */
export const IdParams = z.strictObject({ id: Id });
