import { z } from 'zod';

/** The size of a page and where it begins. */
export const PageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z
    .string()
    .regex(/^[A-Za-z0-9_-]{22}$/, 'must be the `nextCursor` of another page')
    .optional()
    .meta({ description: '`nextCursor` of the page before' }),
});

export const NextCursor = z.string().nullable().meta({ description: 'Null on the last page' });

/** A cursor is the id of the last row of a page. Callers are not to read it, so it does not look like one. */
export function cursorOf(id: string): string {
  return Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url');
}

/** The same for ids that are numbers, as 128 bits. */
export const cursorOfNumber = (id: number): string => cursorOf(id.toString(16).padStart(32, '0'));

/** Reads the id of a row that comes after the page; absent for the first one. */
export const beforeOf = (cursor: string | undefined): { beforeId?: number } =>
  cursor === undefined ? {} : { beforeId: Number(`0x${idOfCursor(cursor).replaceAll('-', '').slice(-13)}`) };

/** The id in a cursor that `PageQuery` let through. */
export function idOfCursor(cursor: string): string {
  const hex = Buffer.from(cursor, 'base64url').toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
