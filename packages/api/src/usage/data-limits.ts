import { queued } from '../platform/db/outbox.ts';
import { HOLDS, putHold, releaseHold } from '../devices/index.ts';
import type { Items } from '../platform/jobs/items.ts';
import { type Budget, leaveToUsers } from '../user-limits/index.ts';
import type { DataLimitStore } from './ports.ts';
import type pg from 'pg';
import type { Database } from '../platform/db/database.ts';
import { filters } from '../platform/db/filters.ts';
import { inTransaction, isRefusal, repeating } from '../platform/db/transaction.ts';
import { accountOf } from './user-totals.ts';
import { settleCuts } from './cuts.ts';
import { periodStartSql, USER_DATA_LIMIT } from './period-sql.ts';

/** Devices that get a new generation per transaction. */
const RENEW_DEVICES = 1_000;

const HOLDABLE = `
SELECT id FROM devices WHERE tenant_id = $1 AND state IN ('live', 'suspended') AND (holds & ${HOLDS.data}) = 0`;
const HOLD = putHold('tenant_id = $1 AND id = ANY ($3::uuid[])');

const TENANTS_HELD = `SELECT DISTINCT tenant_id FROM devices WHERE (holds & ${HOLDS.data}) <> 0 AND state = 'suspended'`;

/** A device can be released if each limit is absent or not reached. */
const BELOW_LIMITS = `(holds & ${HOLDS.data}) <> 0 AND EXISTS (
  SELECT FROM tenants t JOIN tenant_users u ON u.tenant_id = t.id
  LEFT JOIN ${accountOf('u.id')} AS mine ON true LEFT JOIN ${accountOf('t.id')} AS ours ON true
  WHERE t.id = $1 AND u.id = devices.user_id
    AND (mine.bytes_left > 0) IS NOT FALSE AND (ours.bytes_left > 0) IS NOT FALSE
)`;
const RELEASABLE = `
SELECT id FROM devices
WHERE tenant_id = $1 AND state = 'suspended' AND ${BELOW_LIMITS} AND id <> ALL ($2::uuid[])
ORDER BY id LIMIT 1000`;
const RELEASE = releaseHold(`tenant_id = $1 AND ${BELOW_LIMITS} AND id = ANY ($3::uuid[])`);

/**
 * Enrols a tenant with data limits. Its devices have no budgets from an earlier period: registrations and plan
 * changes ask for the remainder themselves.
 */
const ENROL = `
INSERT INTO data_renewals (tenant_id, starts_at)
SELECT t.id, ${periodStartSql('t.data_reset_day')} FROM tenants t
WHERE (t.data_limit_bytes IS NOT NULL OR t.user_data_limit_bytes IS NOT NULL
    OR EXISTS (SELECT FROM tenant_users u WHERE u.tenant_id = t.id AND u.data_limit_bytes IS NOT NULL)
    OR EXISTS (SELECT FROM tenant_users u WHERE u.tenant_id = t.id AND u.operator_data_limit_bytes IS NOT NULL))
  AND NOT EXISTS (SELECT FROM data_renewals r WHERE r.tenant_id = t.id)
ON CONFLICT DO NOTHING`;

const turnedSql = (and: string) => `
SELECT r.tenant_id, r.after_device, ${periodStartSql('t.data_reset_day')} AS starts_at
FROM data_renewals r JOIN tenants t ON t.id = r.tenant_id
WHERE t.state = 'active' AND r.starts_at < ${periodStartSql('t.data_reset_day')} AND ${and}
ORDER BY r.tenant_id LIMIT 1 FOR UPDATE OF r SKIP LOCKED`;
const TURNED = turnedSql('t.id <> ALL ($1::uuid[])');
const TAKE_TURNED = turnedSql('t.id = $1');

interface TurnedRow {
  tenant_id: string;
  after_device: string | null;
  starts_at: Date;
}

const limitedSql = (and: string) => `
SELECT d.id FROM devices d JOIN tenants t ON t.id = d.tenant_id
JOIN tenant_users u ON u.tenant_id = d.tenant_id AND u.id = d.user_id
WHERE d.tenant_id = $1 AND d.state = 'live'${and}
  AND (t.data_limit_bytes IS NOT NULL OR ${USER_DATA_LIMIT} IS NOT NULL)
ORDER BY d.id LIMIT $2`;

const renewSql = (and: string) => `
WITH before AS (
  ${limitedSql(and)} FOR NO KEY UPDATE OF d
), d AS (
  UPDATE devices SET generation = generation + 1 FROM before WHERE devices.id = before.id AND devices.state = 'live'
  RETURNING devices.id, devices.tenant_id, devices.server_id, devices.generation
), ${queued('d')}
SELECT id, server_id FROM d ORDER BY id`;

const DATA_LEFT = `
SELECT d.id, mine.budget AS user_budget, mine.bytes_left AS user_bytes, ours.budget AS tenant_budget, ours.bytes_left AS tenant_bytes
FROM devices d JOIN tenants t ON t.id = d.tenant_id
JOIN tenant_users u ON u.tenant_id = d.tenant_id AND u.id = d.user_id
LEFT JOIN ${accountOf('u.id')} AS mine ON true LEFT JOIN ${accountOf('t.id')} AS ours ON true
WHERE d.id = ANY ($1::uuid[])`;

interface LeftRow {
  readonly id: string;
  readonly user_budget: string | null;
  readonly user_bytes: number | null;
  readonly tenant_budget: string | null;
  readonly tenant_bytes: number | null;
}

const budgets = (row: LeftRow): Budget[] =>
  [
    { id: row.user_budget, bytes: row.user_bytes },
    { id: row.tenant_budget, bytes: row.tenant_bytes },
  ].flatMap(({ id, bytes }) => (id === null || bytes === null ? [] : [{ id, bytes }]));

const serverIds = ({ rows }: { rows: { server_id: string }[] }) => [
  ...new Set(rows.map((row) => row.server_id)),
];

/** @param afterDevice the last renewed device; null at the end */
async function passOver(db: pg.PoolClient, turned: TurnedRow, afterDevice: string | null): Promise<void> {
  await db.query(
    'UPDATE data_renewals SET starts_at = CASE WHEN $2::uuid IS NULL THEN $3 ELSE starts_at END, after_device = $2 WHERE tenant_id = $1',
    [turned.tenant_id, afterDevice, turned.starts_at],
  );
}

export function createDataLimitStore({ pool }: Database): DataLimitStore {
  async function moveHolds(
    move: string,
    tenantId: string,
    devices: readonly { id: string }[],
    items: Items,
  ): Promise<string[]> {
    const moved = await items.together(
      devices.map(({ id }) => id),
      (ids) => repeating(() => pool.query<{ server_id: string }>(move, [tenantId, HOLDS.data, ids])),
    );
    return [...new Set(moved.flatMap(serverIds))];
  }

  /** Gives the tenant's next devices a new generation. A batch that fails is left to the individual users. */
  async function renewTenant(tenantId: string): Promise<string[]> {
    const step = (work: (db: pg.PoolClient, turned: TurnedRow) => Promise<string[]>) =>
      inTransaction(pool, async (db) => {
        const turned = (await db.query<TurnedRow>(TAKE_TURNED, [tenantId])).rows[0];
        return turned === undefined ? [] : work(db, turned);
      });
    const batch = (turned: TurnedRow) =>
      filters([turned.tenant_id, RENEW_DEVICES], [['d.id >', turned.after_device]]);
    try {
      return await step(async (db, turned) => {
        const { and, values } = batch(turned);
        const renewed = await db.query<{ id: string; server_id: string }>(renewSql(and), values);
        await passOver(db, turned, renewed.rows.length === RENEW_DEVICES ? renewed.rows.at(-1)!.id : null);
        return serverIds(renewed);
      });
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return step(async (db, turned) => {
        const { and, values } = batch(turned);
        const { rows } = await db.query<{ id: string }>(limitedSql(and), values);
        const ids = rows.map((row) => row.id);
        await db.query(leaveToUsers('id = ANY ($1::uuid[])'), [ids]);
        await passOver(db, turned, ids.length === RENEW_DEVICES ? ids.at(-1)! : null);
        return [];
      });
    }
  }

  return {
    async hold({ tenantId, userId }, items) {
      const { and, values } = filters([tenantId], [['user_id =', userId]]);
      const { rows } = await pool.query<{ id: string }>(`${HOLDABLE}${and}`, values);
      return moveHolds(HOLD, tenantId, rows, items);
    },

    async release(items) {
      const tenants = await pool.query<{ tenant_id: string }>(TENANTS_HELD);
      const woken: string[] = [];
      for (const { tenant_id: tenantId } of tenants.rows) {
        const { rows } = await pool.query<{ id: string }>(RELEASABLE, [tenantId, items.resting()]);
        woken.push(...(await moveHolds(RELEASE, tenantId, rows, items)));
      }
      return [...new Set(woken)];
    },

    async renew(items) {
      await pool.query(ENROL);
      const turned = (await pool.query<TurnedRow>(TURNED, [items.resting()])).rows[0];
      if (turned === undefined) return { done: true, serverIds: [] };
      const renewed = await items.attempt(turned.tenant_id, () => renewTenant(turned.tenant_id));
      return { done: false, serverIds: renewed ?? [] };
    },

    async dataLeft(deviceIds) {
      const { rows } = await pool.query<LeftRow>({
        name: 'usage-data-left',
        text: DATA_LEFT,
        values: [deviceIds],
      });
      return new Map(rows.map((row) => [row.id, budgets(row)]));
    },

    settleCuts(cuts) {
      return inTransaction(pool, (db) => settleCuts(db, cuts));
    },
  };
}
