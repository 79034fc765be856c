import type { Items } from '../jobs/items.ts';
import { isAway } from './errors.ts';
import type { Database } from './database.ts';

/** Rows per statement, so that none holds its locks for long. */
const PART_ROWS = 10_000;
/** After this many statements, the rest waits for the next run. */
const STATEMENTS_MAX = 2_000;
/** The factor by which a part shrinks before a failing row and grows after it. */
const STEP = 4;

/** Expired rows of one kind. */
export interface OldRows {
  readonly what: string;
  /** Selects a key and `item` (the row's name) in a fixed order: `$1` rows after the first `$2`. */
  readonly rows: string;
  /** The statement for the selected rows. It returns or changes one row for each. */
  readonly act: (rows: string) => string;
  /** Parameters from `$3` on. */
  readonly values?: readonly unknown[];
}

export const deleteFrom =
  (table: string, key = 'ctid') =>
  (rows: string) =>
    `DELETE FROM ${table} WHERE ${key} = ANY (ARRAY(SELECT ${key} FROM (${rows}) AS old))`;

/**
 * All rows of a table that meet a condition.
 * @param key for a role that may not read whole rows, and so no `ctid`
 */
export function rowsOf(table: string, item: string, where: string, key = 'ctid'): Omit<OldRows, 'what'> {
  return {
    rows: `SELECT ${key}, ${item} AS item FROM ${table} WHERE ${where} ORDER BY 2 LIMIT $1 OFFSET $2`,
    act: deleteFrom(table, key),
  };
}

/**
 * Processes the rows in parts. A failing part shrinks to the single failing row, which is noted and skipped, so
 * that the rows behind it are still processed. Returns how many rows it processed.
 */
export async function workThrough({ pool }: Database, old: OldRows, items: Items): Promise<number> {
  const { what, rows, act, values = [] } = old;
  const failed = new Set<string>();
  let size = PART_ROWS;
  let passedOver = 0;
  let taken = 0;
  for (let statements = 0; statements < STATEMENTS_MAX; statements++) {
    try {
      const { rowCount } = await pool.query(act(rows), [size, passedOver, ...values]);
      taken += rowCount ?? 0;
      if ((rowCount ?? 0) < size) break;
      size = Math.min(PART_ROWS, size * STEP);
    } catch (error) {
      if (isAway(error)) throw error;
      if (size > 1) {
        size = Math.ceil(size / STEP);
        continue;
      }
      const item = await nameOf(passedOver++);
      failed.add(item);
      await items.attempt(item, () => Promise.reject(error as Error));
    }
  }
  for (const { item } of items.failing()) {
    if (item.startsWith(`${what}: `) && !failed.has(item)) items.forget(item);
  }
  return taken;

  async function nameOf(place: number): Promise<string> {
    const found = await pool.query<{ item: string }>(`SELECT item FROM (${rows}) AS old`, [
      1,
      place,
      ...values,
    ]);
    return `${what}: ${found.rows[0]?.item ?? 'a row that is gone'}`;
  }
}

/** Works through one kind of rows after the other; one kind that fails keeps no other. Answers how many rows that were. */
export async function workThroughAll(
  database: Database,
  parts: readonly OldRows[],
  items: Items,
): Promise<number> {
  let taken = 0;
  for (const part of parts) {
    taken += (await items.attempt(part.what, () => workThrough(database, part, items))) ?? 0;
  }
  return taken;
}
