import type { Device } from './device.ts';
import type { DeviceStore, Owner } from './ports.ts';
import type { Database } from '../platform/db/database.ts';
import { askAsTenant } from '../platform/db/tenancy.ts';
import { moveDevice } from './move.ts';
import { erasePrivateKey } from './private-key.ts';
import { registerDevice } from './register.ts';
import { deleteDevice } from './delete.ts';
import { rotateKeys } from './rotate.ts';
import { DEVICE_COLUMNS, DEVICE_JOINS, type DeviceRow, deviceFromRow } from './rows.ts';
import { updateDevice } from './update.ts';

const OWNED = `FROM devices d ${DEVICE_JOINS} WHERE d.tenant_id = $1 AND d.user_id = $2 AND d.state <> 'deleted'`;
const LIST = { name: 'device-list', text: `SELECT ${DEVICE_COLUMNS} ${OWNED} ORDER BY d.created_at, d.id` };
const FIND = { name: 'device-find', text: `SELECT ${DEVICE_COLUMNS} ${OWNED} AND d.id = $3` };

/**
 * @param pushAfterMs how long only the request that writes an outbox entry may push it
 * @param quarantineSeconds how long a freed address counts against its tenant's churn; absent: not at all
 */
export function createDeviceStore(
  { pool }: Database,
  pushAfterMs: number,
  quarantineSeconds = 0,
): DeviceStore {
  async function find({ tenantId, userId }: Owner, id: string): Promise<Device | null> {
    const query = { ...FIND, values: [tenantId, userId, id] };
    const { rows } = await askAsTenant<DeviceRow>(pool, tenantId, query);
    return rows[0] === undefined ? null : deviceFromRow(rows[0]);
  }

  return {
    register: (device) => registerDevice(pool, device, pushAfterMs, quarantineSeconds),

    async list({ tenantId, userId }: Owner) {
      const query = { ...LIST, values: [tenantId, userId] };
      const { rows } = await askAsTenant<DeviceRow>(pool, tenantId, query);
      return rows.map(deviceFromRow);
    },

    find,

    // All three read the device again: its limits must date from after its new generation, not from before a lock.
    update: async (owner, id, changes) =>
      (await updateDevice(pool, owner, id, changes, pushAfterMs)) ? find(owner, id) : null,
    rotate: async (owner, id, change) =>
      (await rotateKeys(pool, owner, id, change, pushAfterMs)) ? find(owner, id) : null,

    async move(owner, id, wish) {
      const moved = await moveDevice(pool, owner, id, wish, pushAfterMs, quarantineSeconds);
      if (moved === null) return null;
      const device = await find(owner, id);
      return device === null ? null : { ...moved, device };
    },

    erasePrivateKey: (owner, id, sealed) => erasePrivateKey(pool, owner, id, sealed),

    delete: (owner, id) => deleteDevice(pool, owner, id, pushAfterMs),
  };
}
