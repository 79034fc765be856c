/** What comes before its parameter (`d.id >`), and the value; undefined or null: not asked for. */
export type Condition = readonly [before: string, value: unknown];

/**
 * The conditions that were asked for, and only those. One plan serves all values here (`plan_cache_mode`), so that
 * `$4 IS NULL OR d.id > $4` in the text would keep PostgreSQL from the index: a page of a million devices took more than 30 s.
 * @param values of the parameters that the text has already
 * @returns `AND …` for each of them, and all values
 */
export function filters(
  values: readonly unknown[],
  conditions: readonly Condition[],
): { readonly and: string; readonly values: unknown[] } {
  const asked = conditions.filter(([, value]) => value !== undefined && value !== null);
  return {
    and: asked.map(([before], index) => ` AND ${before} $${values.length + index + 1}`).join(''),
    values: [...values, ...asked.map(([, value]) => value)],
  };
}
