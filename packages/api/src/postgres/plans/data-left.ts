import type { DataBudget } from '@cvault/core';
import type { Database } from '../database.ts';
import { PLAN_JOINS } from '../devices/rows.ts';

/** The limits alone: nothing is counted as used. */
const DATA_LEFT = {
  name: 'plans-data-left',
  text: `
SELECT d.id, least(coalesce(u.data_limit_bytes, t.user_data_limit_bytes), t.data_limit_bytes) AS bytes
FROM devices d ${PLAN_JOINS} WHERE d.id = ANY ($1::uuid[])`,
};

export function createDataBudget({ pool }: Database): DataBudget {
  return {
    async dataLeft(deviceIds) {
      const { rows } = await pool.query<{ id: string; bytes: number | null }>({
        ...DATA_LEFT,
        values: [deviceIds],
      });
      return new Map(rows.map(({ id, bytes }) => [id, bytes]));
    },
  };
}
