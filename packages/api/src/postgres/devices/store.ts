import type { Device, DeviceStore, Owner } from '@cvault/core';
import type { Database } from '../database.ts';
import { moveDevice } from './move.ts';
import { registerDevice } from './register.ts';
import { deleteDevice } from './remove.ts';
import { DEVICE_COLUMNS, DEVICE_JOINS, type DeviceRow, deviceFromRow } from './rows.ts';

const OWNED = `FROM devices d ${DEVICE_JOINS} WHERE d.tenant_id = $1 AND d.user_id = $2 AND d.state <> 'deleted'`;
const LIST = { name: 'device-list', text: `SELECT ${DEVICE_COLUMNS} ${OWNED} ORDER BY d.created_at, d.id` };
const FIND = { name: 'device-find', text: `SELECT ${DEVICE_COLUMNS} ${OWNED} AND d.id = $3` };
const RENAME = `
WITH d AS (
  UPDATE devices SET name = $4 WHERE tenant_id = $1 AND user_id = $2 AND id = $3 AND state <> 'deleted' RETURNING *
)
SELECT ${DEVICE_COLUMNS} FROM d ${DEVICE_JOINS}`;

/** @param pushAfterMs how long an outbox entry is left to the request that writes it */
export function createDeviceStore({ pool }: Database, pushAfterMs: number): DeviceStore {
  const one = (rows: DeviceRow[]): Device | null => (rows[0] === undefined ? null : deviceFromRow(rows[0]));
  return {
    register: (device) => registerDevice(pool, device, pushAfterMs),

    async list({ tenantId, userId }: Owner) {
      const { rows } = await pool.query<DeviceRow>({ ...LIST, values: [tenantId, userId] });
      return rows.map(deviceFromRow);
    },

    async find({ tenantId, userId }, id) {
      return one((await pool.query<DeviceRow>({ ...FIND, values: [tenantId, userId, id] })).rows);
    },

    async rename({ tenantId, userId }, id, name) {
      return one((await pool.query<DeviceRow>(RENAME, [tenantId, userId, id, name])).rows);
    },

    move: (owner, id, wish) => moveDevice(pool, owner, id, wish, pushAfterMs),

    delete: (owner, id) => deleteDevice(pool, owner, id, pushAfterMs),
  };
}
