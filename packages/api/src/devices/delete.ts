import { reached } from '../platform/observability/steps.ts';
import type { Device } from './device.ts';
import type { Owner } from './ports.ts';
import type pg from 'pg';
import { askAsTenant } from '../platform/db/tenancy.ts';
import { endDevices } from './end.ts';
import { DEVICE_COLUMNS, DEVICE_JOINS, type DeviceRow, deviceFromRow } from './rows.ts';

const DELETE = {
  name: 'device-delete',
  text: `
WITH ${endDevices({
    which: 'tenant_id = $1 AND user_id = $2 AND id = $3',
    churn: true,
    afterMs: '$4',
  })}
SELECT ${DEVICE_COLUMNS} FROM d ${DEVICE_JOINS}`,
};

export async function deleteDevice(
  pool: pg.Pool,
  owner: Owner,
  id: string,
  pushAfterMs: number,
): Promise<Device | null> {
  const query = { ...DELETE, values: [owner.tenantId, owner.userId, id, pushAfterMs] };
  reached('remove:asked');
  const { rows } = await askAsTenant<DeviceRow>(pool, owner.tenantId, query);
  reached('remove:committed');
  return rows[0] === undefined ? null : deviceFromRow(rows[0]);
}
