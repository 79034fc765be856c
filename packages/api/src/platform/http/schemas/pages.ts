import { z } from 'zod';
import { PAGE } from '../../limits/limits.ts';

/** Size and start of a page. */
export const PageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(PAGE.most).default(PAGE.usual),
  cursor: z
    .string()
    .regex(/^[A-Za-z0-9_-]{22}$/, 'must be the `nextCursor` of another page')
    .optional()
    .meta({ description: '`nextCursor` of the page before' }),
});

export const NextCursor = z.string().nullable().meta({ description: 'Null on the last page' });

/** The id of a page's last row, encoded so that callers treat it as opaque. */
export function cursorOf(id: string): string {
  return Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url');
}

/** The same for numeric ids, as 128 bits. */
export const cursorOfNumber = (id: number): string => cursorOf(id.toString(16).padStart(32, '0'));

/** Reads the numeric id that the page continues from; absent for the first page. */
export const beforeOf = (cursor: string | undefined): { beforeId?: number } =>
  cursor === undefined ? {} : { beforeId: Number(`0x${idOfCursor(cursor).replaceAll('-', '').slice(-13)}`) };

/** The id in a cursor that passed `PageQuery`. */
export function idOfCursor(cursor: string): string {
  const hex = Buffer.from(cursor, 'base64url').toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
