import type { Items } from '../jobs/items.ts';
import { isAway } from './errors.ts';
import type { Database } from './database.ts';

/** Rows that one statement moves or deletes, so that none holds its locks for long. */
const PART_ROWS = 10_000;
/** After so many statements the rest waits for the next run. */
const STATEMENTS_MAX = 2_000;
/** How quickly a part shrinks around a row that fails, and grows behind it. */
const STEP = 4;

/** Rows whose time is over. */
export interface OldRows {
  readonly what: string;
  /** Selects a key and `item` (what a row is called) in a fixed order: `$1` rows, after the first `$2`. */
  readonly rows: string;
  /** What is done with the rows of that selection. It has one result row, or changes one row, for each. */
  readonly act: (rows: string) => string;
  /** From `$3` on. */
  readonly values?: readonly unknown[];
}

export const deleteFrom =
  (table: string, key = 'ctid') =>
  (rows: string) =>
    `DELETE FROM ${table} WHERE ${key} = ANY (ARRAY(SELECT ${key} FROM (${rows}) AS old))`;

/**
 * All rows of one table for which a condition holds.
 * @param key for a role that may not read whole rows, and so no `ctid`
 */
export function rowsOf(table: string, item: string, where: string, key = 'ctid'): Omit<OldRows, 'what'> {
  return {
    rows: `SELECT ${key}, ${item} AS item FROM ${table} WHERE ${where} ORDER BY 2 LIMIT $1 OFFSET $2`,
    act: deleteFrom(table, key),
  };
}

/**
 * Takes the rows in parts. Where a part fails it is made smaller, until it is the one row that fails: that is noted and
 * passed over, and the rows behind it have their turn.
 */
export async function workThrough({ pool }: Database, old: OldRows, items: Items): Promise<void> {
  const { what, rows, act, values = [] } = old;
  const failed = new Set<string>();
  let size = PART_ROWS;
  let passedOver = 0;
  for (let statements = 0; statements < STATEMENTS_MAX; statements++) {
    try {
      const { rowCount } = await pool.query(act(rows), [size, passedOver, ...values]);
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

  async function nameOf(place: number): Promise<string> {
    const found = await pool.query<{ item: string }>(`SELECT item FROM (${rows}) AS old`, [
      1,
      place,
      ...values,
    ]);
    return `${what}: ${found.rows[0]?.item ?? 'a row that is gone'}`;
  }
}
