import { effectiveSql } from '../user-limits/index.ts';

/**
 * SQL for when the period under way began, by the database's clock: what `periodStart` says. Months are counted on
 * days that the reset day was taken off, so that those before it belong to the month before.
 * @param resetDay an expression for the reset day, 1 to 28
 */
export function periodStartSql(resetDay: string): string {
  const past = `(${resetDay} - 1) * interval '1 day'`;
  return `(date_trunc('month', (now() AT TIME ZONE 'UTC') - ${past}) + ${past}) AT TIME ZONE 'UTC'`;
}

/** SQL for a user's own data limit in bytes, null for none, from its row `u` and that of its tenant `t`. */
export const USER_DATA_LIMIT = effectiveSql('dataLimitBytes');
