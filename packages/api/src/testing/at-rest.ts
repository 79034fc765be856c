import { expect } from 'vitest';
import type { TestDatabase } from './database.ts';

/**
 * Until nothing changes a device by itself any more: periodic work has spread every change of a plan (each gives live devices a
 * new generation, up to a second later), and the VPN servers have acknowledged every change. A test that compares states
 * with earlier ones waits for this before it captures them.
 */
export async function untilAtRest({ pool }: Pick<TestDatabase, 'pool'>): Promise<void> {
  await expect
    .poll(async () => {
      const { rows } = await pool.query<{ plans: number; pushes: number }>(
        'SELECT (SELECT count(*) FROM plan_changes) AS plans, (SELECT count(*) FROM outbox) AS pushes',
      );
      return rows;
    })
    .toEqual([{ plans: 0, pushes: 0 }]);
}
