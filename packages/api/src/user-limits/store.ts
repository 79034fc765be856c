import type { PlanChange, PlanStore, SomeUserLimits } from './ports.ts';
import type { UserLimits, UserPlan } from './user-limits.ts';
import type pg from 'pg';
import { queued } from '../platform/db/outbox.ts';
import type { Database } from '../platform/db/database.ts';
import { filters } from '../platform/db/filters.ts';
import { askAsTenant } from '../platform/db/tenancy.ts';
import { inTransaction, isRefusal } from '../platform/db/transaction.ts';

/**
 * The columns of each limit in the user's row and in the tenant's plan. The operator's columns are named after the
 * user's.
 */
const LIMITS = {
  deviceLimit: ['device_limit', 'user_device_limit'],
  sessionLimit: ['session_limit', 'user_session_limit'],
  dataLimitBytes: ['data_limit_bytes', 'user_data_limit_bytes'],
  uploadBitsPerSecond: ['upload_bits_per_second', 'upload_bits_per_second'],
  downloadBitsPerSecond: ['download_bits_per_second', 'download_bits_per_second'],
} as const satisfies Record<keyof UserLimits, readonly [ofUser: string, ofPlan: string]>;
type Limit = (typeof LIMITS)[keyof UserLimits][0];
const NAMES = Object.keys(LIMITS) as (keyof UserLimits)[];

/** The effective limit of a user `u` of tenant `t`. */
export function effectiveSql(name: keyof UserLimits): string {
  const [ofUser, ofPlan] = LIMITS[name];
  return `user_limit(u.${ofUser}, u.operator_${ofUser}, t.${ofPlan})`;
}

/** For a user `u` of tenant `t`: the set limits, the most that the tenant can give, and the effective limits. */
export const USER_PLAN_COLUMNS = `u.id, u.email, u.created_at, u.device_count, ${NAMES.map((name) => {
  const [ofUser, ofPlan] = LIMITS[name];
  return `least(u.${ofUser}, u.operator_${ofUser}) AS set_${ofUser},
  coalesce(u.operator_${ofUser}, t.${ofPlan}) AS most_${ofUser}, ${effectiveSql(name)} AS effective_${ofUser}`;
}).join(', ')}`;

export type UserPlanRow = { [K in `${'set' | 'most' | 'effective'}_${Limit}`]: number | null } & {
  id: string;
  email: string;
  created_at: Date;
  device_count: number;
};

function limitsOf(row: UserPlanRow, prefix: 'set' | 'most' | 'effective'): UserLimits {
  return Object.fromEntries(NAMES.map((name) => [name, row[`${prefix}_${LIMITS[name][0]}`]])) as {
    [K in keyof UserLimits]: number | null;
  };
}

export function userPlanFromRow(row: UserPlanRow): UserPlan {
  return {
    id: row.id,
    email: row.email,
    createdAt: row.created_at,
    deviceCount: row.device_count,
    limits: limitsOf(row, 'set'),
    most: limitsOf(row, 'most'),
    effective: limitsOf(row, 'effective'),
  };
}

/** Limits that VPN servers enforce. They are not informed of others. */
const ENFORCED = ['data_limit_bytes', 'upload_bits_per_second', 'download_bits_per_second'];
const rowOf = (alias: string) =>
  `(${ENFORCED.map((column) => `${alias}.${column}, ${alias}.operator_${column}`).join(', ')})`;

/**
 * Changes user `$2` of tenant `$1` and informs VPN servers if necessary, in one statement.
 * @param assignments SET clauses; none to only read
 * @param columns to return, of the user `u` and its tenant `t`
 */
export function changeUserSql(assignments: readonly string[], columns: string): string {
  // An UPDATE needs at least one assignment.
  const set = assignments.length === 0 ? 'device_count = old.device_count' : assignments.join(', ');
  return `
WITH old AS (
  SELECT * FROM tenant_users WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE
), u AS (
  UPDATE tenant_users SET ${set} FROM old
  WHERE tenant_users.tenant_id = old.tenant_id AND tenant_users.id = old.id
  RETURNING tenant_users.*
), change AS (
  INSERT INTO plan_changes (tenant_id, user_id)
  SELECT u.tenant_id, u.id FROM u JOIN old ON old.id = u.id WHERE ${rowOf('u')} IS DISTINCT FROM ${rowOf('old')}
)
SELECT ${columns} FROM u JOIN tenants t ON t.id = u.tenant_id`;
}

export interface Assignments {
  readonly assignments: readonly string[];
  readonly values: readonly (number | null)[];
}

/**
 * SET clauses for the given limits; their parameters start at `first`.
 * @param by the operator's limit replaces the tenant's
 */
export function limitAssignments(
  limits: SomeUserLimits,
  by: 'tenant' | 'operator',
  first: number,
): Assignments {
  const given = NAMES.filter((name) => limits[name] !== undefined);
  return {
    assignments: given.map((name, index) => {
      const [column] = LIMITS[name];
      const parameter = `$${first + index}`;
      return by === 'tenant'
        ? `${column} = ${parameter}`
        : `operator_${column} = ${parameter}, ${column} = NULL`;
    }),
    values: given.map((name) => limits[name]!),
  };
}

/** A change that another replica is processing stays locked until its transaction ends. */
const NEXT_CHANGE = `
SELECT id, coalesce(user_id, tenant_id) AS subject FROM plan_changes
WHERE coalesce(user_id, tenant_id) <> ALL ($1::uuid[]) ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED`;

const TAKE_CHANGE = `
SELECT id, tenant_id, user_id, after_device FROM plan_changes WHERE id = $1 FOR UPDATE SKIP LOCKED`;

const NONE = { devices: 0, serverIds: [] };

interface ChangeRow {
  id: number;
  tenant_id: string;
  user_id: string | null;
  after_device: string;
}

/**
 * SQL that splits a failed batch of devices by user, so that a repeated failure affects only one user.
 * @param which condition that selects the devices; constant text
 */
export const leaveToUsers = (which: string): string => `
INSERT INTO plan_changes (tenant_id, user_id)
SELECT DISTINCT tenant_id, user_id FROM devices WHERE ${which} AND state = 'live'`;

/** The batch that `spreadSql` would take, and its last device. */
const LEAVE_BATCH = `
WITH batch AS (
  SELECT id FROM devices WHERE tenant_id = $1 AND id > $2 AND state = 'live' ORDER BY id LIMIT $3
), left_to_users AS (
  ${leaveToUsers('id IN (SELECT id FROM batch)')}
)
SELECT id FROM batch ORDER BY id DESC LIMIT 1`;

/**
 * Devices registered meanwhile already have the new plan (see REGISTER), and a held device gets it with its next
 * generation.
 */
const spreadSql = (and: string) => `
WITH batch AS (
  SELECT id FROM devices WHERE tenant_id = $1 AND id > $2 AND state = 'live'${and}
  ORDER BY id LIMIT $3 FOR UPDATE
), d AS (
  UPDATE devices SET generation = generation + 1 FROM batch WHERE devices.id = batch.id
  RETURNING devices.id, devices.tenant_id, devices.server_id, devices.generation
), ${queued('d')}
SELECT id, server_id FROM d ORDER BY id`;

/** @param afterDevice the last processed device; null at the end */
async function passOver(db: pg.PoolClient, changeId: number, afterDevice: string | null): Promise<void> {
  if (afterDevice === null) await db.query('DELETE FROM plan_changes WHERE id = $1', [changeId]);
  else await db.query('UPDATE plan_changes SET after_device = $2 WHERE id = $1', [changeId, afterDevice]);
}

export function createPlanStore({ pool }: Database): PlanStore {
  return {
    async users(tenantId, { limit, afterId }) {
      const { rowCount } = await pool.query('SELECT FROM tenants WHERE id = $1', [tenantId]);
      if (rowCount === 0) return null;
      const { and, values } = filters([tenantId, limit], [['u.id >', afterId]]);
      const { rows } = await pool.query<UserPlanRow>(
        `SELECT ${USER_PLAN_COLUMNS} FROM tenant_users u JOIN tenants t ON t.id = u.tenant_id
         WHERE u.tenant_id = $1${and} ORDER BY u.id LIMIT $2`,
        values,
      );
      return rows.map(userPlanFromRow);
    },

    async limitUser(tenantId, userId, limits) {
      const { assignments, values } = limitAssignments(limits, 'operator', 3);
      const sql = changeUserSql(assignments, USER_PLAN_COLUMNS);
      const { rows } = await askAsTenant<UserPlanRow>(pool, tenantId, sql, [tenantId, userId, ...values]);
      return rows[0] === undefined ? null : userPlanFromRow(rows[0]);
    },

    async nextChange(without) {
      const { rows } = await pool.query<PlanChange>(NEXT_CHANGE, [without]);
      return rows[0] ?? null;
    },

    async spread({ id }, limit) {
      try {
        return await inTransaction(pool, async (db) => {
          const change = (await db.query<ChangeRow>(TAKE_CHANGE, [id])).rows[0];
          if (change === undefined) return NONE;
          const { and, values } = filters(
            [change.tenant_id, change.after_device, limit],
            [['user_id =', change.user_id]],
          );
          const { rows } = await db.query<{ id: string; server_id: string }>(spreadSql(and), values);
          await passOver(db, id, rows.length < limit ? null : rows.at(-1)!.id);
          return { devices: rows.length, serverIds: [...new Set(rows.map((row) => row.server_id))] };
        });
      } catch (error) {
        if (!isRefusal(error)) throw error;
        const left = await inTransaction(pool, async (db) => {
          const change = (await db.query<ChangeRow>(TAKE_CHANGE, [id])).rows[0];
          if (change?.user_id !== null) return false;
          const values = [change.tenant_id, change.after_device, limit];
          const { rows } = await db.query<{ id: string }>(LEAVE_BATCH, values);
          await passOver(db, id, rows[0]?.id ?? null);
          return true;
        });
        if (!left) throw error;
        return NONE;
      }
    },
  };
}
