import type { PlanChange, PlanStore, SomeUserLimits, UserLimits, UserPlan } from '@cvault/core';
import type pg from 'pg';
import type { Database } from '../database.ts';
import { given } from '../given.ts';
import { askAsTenant } from '../tenancy.ts';
import { inTransaction, isRefusal } from '../transaction.ts';

const LIMITS = {
  deviceLimit: 'device_limit',
  sessionLimit: 'session_limit',
  dataLimitBytes: 'data_limit_bytes',
  uploadBitsPerSecond: 'upload_bits_per_second',
  downloadBitsPerSecond: 'download_bits_per_second',
} as const satisfies Record<keyof UserLimits, string>;
type OwnColumn = (typeof LIMITS)[keyof UserLimits];
const NAMES = Object.keys(LIMITS) as (keyof UserLimits)[];

/** Of a user `u` of tenant `t`: own limits, and those that hold. */
export const USER_PLAN_COLUMNS = `u.id, u.email, u.created_at, u.device_count,
  u.device_limit, u.session_limit, u.data_limit_bytes, u.upload_bits_per_second, u.download_bits_per_second,
  coalesce(u.device_limit, t.user_device_limit) AS effective_device_limit,
  coalesce(u.session_limit, t.user_session_limit) AS effective_session_limit,
  coalesce(u.data_limit_bytes, t.user_data_limit_bytes) AS effective_data_limit_bytes,
  coalesce(u.upload_bits_per_second, t.upload_bits_per_second) AS effective_upload_bits_per_second,
  coalesce(u.download_bits_per_second, t.download_bits_per_second) AS effective_download_bits_per_second`;

export type UserPlanRow = { [K in OwnColumn | `effective_${OwnColumn}`]: number | null } & {
  id: string;
  email: string;
  created_at: Date;
  device_count: number;
};

function limitsOf(row: UserPlanRow, prefix: '' | 'effective_'): UserLimits {
  return Object.fromEntries(NAMES.map((name) => [name, row[`${prefix}${LIMITS[name]}`]])) as {
    [K in keyof UserLimits]: number | null;
  };
}

export function userPlanFromRow(row: UserPlanRow): UserPlan {
  return {
    id: row.id,
    email: row.email,
    createdAt: row.created_at,
    deviceCount: row.device_count,
    limits: limitsOf(row, ''),
    effective: limitsOf(row, 'effective_'),
  };
}

/** What VPN servers enforce: only a change of these concerns them. */
const ENFORCED = ['data_limit_bytes', 'upload_bits_per_second', 'download_bits_per_second'];
const rowOf = (alias: string) => `(${ENFORCED.map((column) => `${alias}.${column}`).join(', ')})`;

function limitUserSql(limits: SomeUserLimits): { sql: string; values: unknown[] } {
  const given = NAMES.filter((name) => limits[name] !== undefined);
  // Without any it says what is there: an UPDATE has to set something.
  const set = given.map((name, index) => `${LIMITS[name]} = $${index + 3}`).join(', ');
  const sql = `
WITH old AS (
  SELECT * FROM tenant_users WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE
), u AS (
  UPDATE tenant_users SET ${set === '' ? 'device_limit = old.device_limit' : set} FROM old
  WHERE tenant_users.tenant_id = old.tenant_id AND tenant_users.id = old.id
  RETURNING tenant_users.*
), change AS (
  INSERT INTO plan_changes (tenant_id, user_id)
  SELECT u.tenant_id, u.id FROM u JOIN old ON old.id = u.id WHERE ${rowOf('u')} IS DISTINCT FROM ${rowOf('old')}
)
SELECT ${USER_PLAN_COLUMNS} FROM u JOIN tenants t ON t.id = u.tenant_id`;
  return { sql, values: given.map((name) => limits[name]) };
}

/** A change that another replica is at is its business until the end of its transaction. */
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
 * SQL that has the devices of a batch that failed get their new generation user by user: one that fails again holds up its
 * user only.
 * @param which the condition that chooses the devices; constant text of the caller's
 */
export const leaveToUsers = (which: string): string => `
INSERT INTO plan_changes (tenant_id, user_id)
SELECT DISTINCT tenant_id, user_id FROM devices WHERE ${which} AND state = 'live'`;

/** The batch that `spreadSql` would have taken, and the last device of it. */
const LEAVE_BATCH = `
WITH batch AS (
  SELECT id FROM devices WHERE tenant_id = $1 AND id > $2 AND state = 'live' ORDER BY id LIMIT $3
), left_to_users AS (
  ${leaveToUsers('id IN (SELECT id FROM batch)')}
)
SELECT id FROM batch ORDER BY id DESC LIMIT 1`;

/**
 * Devices that are registered meanwhile have the new plan already (see REGISTER), and a device that is held back gets it with
 * the generation that brings it back.
 */
const spreadSql = (and: string) => `
WITH batch AS (
  SELECT id FROM devices WHERE tenant_id = $1 AND id > $2 AND state = 'live'${and}
  ORDER BY id LIMIT $3 FOR UPDATE
), d AS (
  UPDATE devices SET generation = generation + 1 FROM batch WHERE devices.id = batch.id
  RETURNING devices.id, devices.tenant_id, devices.server_id, devices.generation
), queued AS (
  INSERT INTO outbox (tenant_id, server_id, device_id, generation)
  SELECT tenant_id, server_id, id, generation FROM d
)
SELECT id, server_id FROM d ORDER BY id`;

/** @param afterDevice how far the change has come; null: to the end */
async function passOver(db: pg.PoolClient, changeId: number, afterDevice: string | null): Promise<void> {
  if (afterDevice === null) await db.query('DELETE FROM plan_changes WHERE id = $1', [changeId]);
  else await db.query('UPDATE plan_changes SET after_device = $2 WHERE id = $1', [changeId, afterDevice]);
}

export function createPlanStore({ pool }: Database): PlanStore {
  return {
    async users(tenantId, { limit, afterId }) {
      const { rowCount } = await pool.query('SELECT FROM tenants WHERE id = $1', [tenantId]);
      if (rowCount === 0) return null;
      const { and, values } = given([tenantId, limit], [['u.id >', afterId]]);
      const { rows } = await pool.query<UserPlanRow>(
        `SELECT ${USER_PLAN_COLUMNS} FROM tenant_users u JOIN tenants t ON t.id = u.tenant_id
         WHERE u.tenant_id = $1${and} ORDER BY u.id LIMIT $2`,
        values,
      );
      return rows.map(userPlanFromRow);
    },

    async limitUser(tenantId, userId, limits) {
      const { sql, values } = limitUserSql(limits);
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
          const { and, values } = given(
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
