/** What is left of data limits. */
export interface DataBudget {
  /**
   * Bytes that each of these devices may still use in its period, by its user's limit and by its tenant's, whichever
   * leaves less; never negative, null where neither has one.
   */
  dataLeft(deviceIds: readonly string[]): Promise<ReadonlyMap<string, number | null>>;
}
