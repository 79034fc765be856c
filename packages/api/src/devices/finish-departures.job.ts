import type { Database } from '../platform/db/database.ts';
import type { Items } from '../platform/jobs/items.ts';
import type { Job } from '../platform/jobs/job.ts';
import { GONE, finishSql } from './departures.ts';

/** How late a key and an address come free whose last VPN server has acknowledged. */
const EVERY_MS = 1_000;

const LEAVING = `SELECT id FROM devices WHERE ${GONE} AND id <> ALL ($1::uuid[]) ORDER BY id LIMIT 1000`;
const FINISH = finishSql('id = ANY ($1::uuid[])');

export const finishDepartures = ({ pool }: Pick<Database, 'pool'>) =>
  ({
    name: 'finish departures',
    everyMs: EVERY_MS,
    async run(items: Items) {
      const { rows } = await pool.query<{ id: string }>(LEAVING, [items.resting()]);
      const finished = await items.together(
        rows.map((row) => row.id),
        (ids) => pool.query(FINISH, [ids]),
      );
      return { devices: finished.reduce((sum, { rowCount }) => sum + (rowCount ?? 0), 0) };
    },
  }) satisfies Job;
