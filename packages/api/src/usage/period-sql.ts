import { effectiveSql } from '../user-limits/index.ts';

/**
 * SQL for the start of the current period by the database's clock; equals `periodStart`. Shifting dates by the
 * reset day makes periods calendar months.
 * @param resetDay an expression for the reset day, 1 to 28
 */
export function periodStartSql(resetDay: string): string {
  const past = `(${resetDay} - 1) * interval '1 day'`;
  return `(date_trunc('month', (now() AT TIME ZONE 'UTC') - ${past}) + ${past}) AT TIME ZONE 'UTC'`;
}

/** SQL for a user's data limit in bytes, null for none, from its row `u` and its tenant's row `t`. */
export const USER_DATA_LIMIT = effectiveSql('dataLimitBytes');
