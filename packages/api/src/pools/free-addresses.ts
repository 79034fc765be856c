import type { Database } from '../platform/db/database.ts';

/**
 * The share of each region's tunnel addresses that can be leased now: 0 to 1. The query reads every address, so its
 * result is cached: frequent scrapes must not cost more.
 */
export function createFreeAddresses(
  { pool }: Database,
  keepMs = 30_000,
): () => Promise<ReadonlyMap<string, number>> {
  let kept: Promise<ReadonlyMap<string, number>> | undefined;
  async function count(): Promise<ReadonlyMap<string, number>> {
    const { rows } = await pool.query<{ region: string; share: number }>(
      `SELECT s.region, avg((l.state IN ('free', 'quarantine') AND l.free_after <= now())::int)::float8 AS share
       FROM ip_pool l JOIN servers s ON s.id = l.server_id WHERE s.state = 'active' GROUP BY s.region`,
    );
    return new Map(rows.map(({ region, share }) => [region, share]));
  }
  return () => {
    if (kept === undefined) {
      const counting = count();
      kept = counting;
      const forget = () => {
        kept = undefined;
      };
      counting.then(() => setTimeout(forget, keepMs).unref(), forget);
    }
    return kept;
  };
}
