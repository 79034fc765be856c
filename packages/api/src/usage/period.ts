/**
 * The start of the period that contains `at`: 0:00 UTC on the reset day of a month.
 * @param resetDay 1 to 28, which exist in every month
 */
export function periodStart(resetDay: number, at: Date): Date {
  const month = at.getUTCDate() < resetDay ? at.getUTCMonth() - 1 : at.getUTCMonth();
  return new Date(Date.UTC(at.getUTCFullYear(), month, resetDay));
}

/** The start of the next period. */
export function periodEnd(resetDay: number, at: Date): Date {
  const start = periodStart(resetDay, at);
  return new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, resetDay));
}
