import {
  type DeviceDirectoryStore,
  HOLDS,
  type Metadata,
  type TenantDevice,
  type TenantScope,
} from '@cvault/core';
import type pg from 'pg';
import type { Database } from '../database.ts';
import { externalIdRefusal } from '../external-ids.ts';
import { asTenant } from '../tenancy.ts';
import { putHold, releaseHold } from './holds.ts';
import { DEVICE_COLUMNS, DEVICE_JOINS, type DeviceRow, deviceFromRow } from './rows.ts';

const SELECT = `
SELECT ${DEVICE_COLUMNS}, d.external_id, d.metadata FROM devices d ${DEVICE_JOINS}
WHERE d.tenant_id = $1 AND d.mode = $2 AND d.state <> 'deleted'`;

/** As `statusOf` says it, of a device that is not deleted. */
const STATUS = `
CASE WHEN d.state <> 'live' THEN d.state::text
  WHEN d.applied_generation = d.generation AND d.applied_epoch IS NOT DISTINCT FROM s.epoch THEN 'active'
  ELSE 'pending' END`;

const LIST = `
${SELECT} AND ($4::uuid IS NULL OR d.id > $4) AND ($5::uuid IS NULL OR d.user_id = $5)
  AND ($6::text IS NULL OR ${STATUS} = $6) AND ($7::uuid IS NULL OR d.server_id = $7)
  AND ($8::text IS NULL OR s.region = $8) AND ($9::text IS NULL OR d.external_id = $9)
ORDER BY d.id LIMIT $3`;

const UPDATE = `
UPDATE devices SET external_id = CASE WHEN $4 THEN $5 ELSE external_id END, metadata = coalesce($6, metadata)
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

export function createDeviceDirectoryStore({ pool }: Database): DeviceDirectoryStore {
  return {
    list: ({ tenantId, mode }, filter, { limit, afterId }) =>
      asTenant(pool, tenantId, async (db) => {
        const { userId, status, serverId, region, externalId } = filter;
        const given = [afterId, userId, status, serverId, region, externalId].map((value) => value ?? null);
        return (await db.query<Row>(LIST, [tenantId, mode, limit, ...given])).rows.map(fromRow);
      }),

    find: (scope, id) => asTenant(pool, scope.tenantId, (db) => findIn(db, scope, id)),

    update: (scope, id, { externalId, metadata }) =>
      asTenant(pool, scope.tenantId, async (db) => {
        const { tenantId, mode } = scope;
        const values = [tenantId, mode, id, externalId !== undefined, externalId ?? null, metadata ?? null];
        await db.query(UPDATE, values);
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
