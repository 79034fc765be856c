import type { UsageScope, UsageStore } from './ports.ts';
import type { UsageRow } from './series.ts';
import type pg from 'pg';
import type { Database } from '../platform/db/database.ts';
import { asTenant } from '../platform/db/tenancy.ts';

interface SeriesRow {
  starts_at: Date;
  device_id: string | null;
  device_name: string | null;
  upload_bytes: number;
  download_bytes: number;
}

/** Each scope is a prefix of an index over time, so the cost depends only on the rows added up. */
const WHERE: Readonly<Record<UsageScope['of'], string>> = {
  user: 'u.tenant_id = $5 AND u.user_id = $6',
  device: 'u.tenant_id = $5 AND u.user_id = $6 AND u.device_id = $7',
  tenant: 'u.tenant_id = $5',
  live: "u.tenant_id = $5 AND u.device_id NOT IN (SELECT id FROM devices WHERE tenant_id = $5 AND mode = 'test')",
  test: "u.tenant_id = $5 AND u.device_id IN (SELECT id FROM devices WHERE tenant_id = $5 AND mode = 'test')",
  server: 'u.server_id = $5',
};

/** A deleted device still has usage, which belongs to its owner. */
const EXISTS: Readonly<Record<UsageScope['of'], string>> = {
  user: 'SELECT FROM tenant_users WHERE tenant_id = $1 AND id = $2',
  device: 'SELECT FROM devices WHERE tenant_id = $1 AND user_id = $2 AND id = $3',
  tenant: 'SELECT FROM tenants WHERE id = $1',
  live: 'SELECT FROM tenants WHERE id = $1',
  test: 'SELECT FROM tenants WHERE id = $1',
  server: 'SELECT FROM servers WHERE id = $1',
};

function keysOf(scope: UsageScope): string[] {
  switch (scope.of) {
    case 'user':
      return [scope.tenantId, scope.userId];
    case 'device':
      return [scope.tenantId, scope.userId, scope.deviceId];
    case 'tenant':
    case 'live':
    case 'test':
      return [scope.tenantId];
    case 'server':
      return [scope.serverId];
  }
}

/** Days include hours and rolled-up rows; hours come only from hourly rows. */
function seriesSql(of: UsageScope['of']): string {
  const byDevice = of === 'user' || of === 'device';
  return `
SELECT sums.*, ${byDevice ? 'd.name' : 'NULL'} AS device_name FROM (
  SELECT date_trunc($3, u.starts_at, 'UTC') AS starts_at, ${byDevice ? 'u.device_id' : 'NULL::uuid AS device_id'},
    sum(u.upload_bytes)::bigint AS upload_bytes, sum(u.download_bytes)::bigint AS download_bytes
  FROM usage_metrics u
  WHERE ${WHERE[of]} AND u.starts_at >= $1 AND u.starts_at < $2 AND ($3 = 'day' OR u.span = 'hour')
  GROUP BY 1${byDevice ? ', u.device_id' : ''}
  ORDER BY 1${byDevice ? ', u.device_id' : ''} LIMIT $4
) AS sums ${byDevice ? 'JOIN devices d ON d.tenant_id = $5 AND d.id = sums.device_id' : ''}
ORDER BY sums.starts_at, sums.device_id`;
}

function rowOf(row: SeriesRow): UsageRow {
  return {
    startsAt: row.starts_at,
    device: row.device_id === null ? null : { id: row.device_id, name: row.device_name ?? '' },
    uploadBytes: row.upload_bytes,
    downloadBytes: row.download_bytes,
  };
}

export function createUsageStore({ pool }: Database): UsageStore {
  return {
    async series(scope, { from, to, granularity }, most) {
      const keys = keysOf(scope);
      const read = async (db: Pick<pg.Pool | pg.PoolClient, 'query'>) => {
        const { rows } = await db.query<SeriesRow>(seriesSql(scope.of), [
          from,
          to,
          granularity,
          most,
          ...keys,
        ]);
        if (rows.length === 0 && (await db.query(EXISTS[scope.of], keys)).rowCount === 0) return null;
        return rows.map(rowOf);
      };
      return scope.of === 'server' ? read(pool) : asTenant(pool, scope.tenantId, read);
    },
  };
}
