import { z } from 'zod';

/**
 * One of our ids, in lower case: Swift and .NET write UUIDs in capitals, and ids are compared as text where they
 * are sealed or hashed.
 */
export const Id = z.uuid('must be a UUID').toLowerCase().meta({ description: 'UUID' });

/** The `id` of a path such as `/devices/{id}`. */
export const IdParams = z.strictObject({ id: Id });
