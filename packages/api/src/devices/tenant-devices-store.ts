import type { TenantScope } from '../platform/access/tenant-scope.ts';
import { type Metadata, externalIdRefusal } from '../users/index.ts';
import { HOLDS } from './hold.ts';
import type { TenantDevicesStore, TenantDevice } from './tenant-devices.ts';
import type pg from 'pg';
import type { Database } from '../platform/db/database.ts';
import { filters } from '../platform/db/filters.ts';
import { askAsTenant, asTenant } from '../platform/db/tenancy.ts';
import { putHold, releaseHold } from './hold-sql.ts';
import { changedValues, changeFields } from './field-columns.ts';
import { TENANT_FIELD_NAMES } from './fields.ts';
import { DEVICE_COLUMNS, DEVICE_JOINS, type DeviceRow, deviceFromRow } from './rows.ts';

const SELECT = `
SELECT ${DEVICE_COLUMNS}, d.external_id, d.metadata FROM devices d ${DEVICE_JOINS}
WHERE d.tenant_id = $1 AND d.mode = $2 AND d.state <> 'deleted'`;

/** The status of a device that is not deleted, as `statusOf` computes it. */
const STATUS = `
CASE WHEN d.state <> 'live' THEN d.state::text
  WHEN d.applied_generation = d.generation AND d.applied_epoch IS NOT DISTINCT FROM s.epoch THEN 'active'
  ELSE 'pending' END`;

const UPDATE = `
UPDATE devices SET external_id = CASE WHEN $4 THEN $5 ELSE external_id END, metadata = coalesce($6, metadata), ${changeFields(TENANT_FIELD_NAMES, 7)}
WHERE tenant_id = $1 AND mode = $2 AND id = $3 AND state <> 'deleted'`;

const PUT = putHold('tenant_id = $1 AND mode = $3 AND id = $4');
const RELEASE = releaseHold('tenant_id = $1 AND mode = $3 AND id = $4');

type Row = DeviceRow & { external_id: string | null; metadata: Metadata };

function fromRow(row: Row): TenantDevice {
  return { device: deviceFromRow(row), externalId: row.external_id, metadata: row.metadata };
}

async function findIn(
  db: pg.PoolClient,
  { tenantId, mode }: TenantScope,
  id: string,
): Promise<TenantDevice | null> {
  const { rows } = await db.query<Row>(`${SELECT} AND d.id = $3`, [tenantId, mode, id]);
  return rows[0] === undefined ? null : fromRow(rows[0]);
}

export function createTenantDevicesStore({ pool }: Database): TenantDevicesStore {
  return {
    async list({ tenantId, mode }, { userId, status, serverId, region, externalId }, { limit, afterId }) {
      const { and, values } = filters(
        [tenantId, mode, limit],
        [
          ['d.id >', afterId],
          ['d.user_id =', userId],
          [`${STATUS} =`, status],
          ['d.server_id =', serverId],
          ['s.region =', region],
          ['d.external_id =', externalId],
        ],
      );
      const text = `${SELECT}${and} ORDER BY d.id LIMIT $3`;
      return (await askAsTenant<Row>(pool, tenantId, text, values)).rows.map(fromRow);
    },

    find: (scope, id) => asTenant(pool, scope.tenantId, (db) => findIn(db, scope, id)),

    update: (scope, id, { externalId, metadata, ...own }) =>
      asTenant(pool, scope.tenantId, async (db) => {
        const { tenantId, mode } = scope;
        const names = [externalId !== undefined, externalId ?? null, metadata ?? null];
        await db.query(UPDATE, [tenantId, mode, id, ...names, ...changedValues(TENANT_FIELD_NAMES, own)]);
        return findIn(db, scope, id);
      }).catch((cause: unknown) => {
        throw externalIdRefusal(cause);
      }),

    hold: (scope, id, held) =>
      asTenant(pool, scope.tenantId, async (db) => {
        if ((await findIn(db, scope, id)) === null) return null;
        const values = [scope.tenantId, HOLDS.device, scope.mode, id];
        const { rows } = await db.query<{ server_id: string }>(held ? PUT : RELEASE, values);
        return rows.map((row) => row.server_id);
      }),
  };
}
