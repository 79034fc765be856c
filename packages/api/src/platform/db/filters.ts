/** The SQL before the parameter (`d.id >`), and the value; undefined or null to omit the condition. */
export type Condition = readonly [before: string, value: unknown];

/**
 * Builds the conditions that have a value. All values share one plan (`plan_cache_mode`), so `$4 IS NULL OR d.id >
 * $4` would keep PostgreSQL from using the index: a page of a million devices took more than 30 s.
 * @param values parameters that the text already has
 * @returns `AND …` for each condition, and all values
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
