import { CVaultError } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { PastSession, SessionScope, SessionStore } from './session.ts';
import { brokenConstraint, type Database } from '../platform/db/database.ts';
import { askAsTenant, asTenant } from '../platform/db/tenancy.ts';

/**
 * Updating the device locks its row, so that concurrent calls are serialized and the second finds the first one's
 * session.
 */
const OPEN = `
WITH device AS (
  UPDATE devices SET last_connected_at = now()
  WHERE tenant_id = $1 AND user_id = $2 AND id = $3 AND state = 'live' RETURNING tenant_id, user_id, id, server_id
), allowed AS (
  SELECT * FROM device WHERE check_session_limits(tenant_id, user_id, id)
), opened AS (
  INSERT INTO sessions (id, tenant_id, user_id, device_id, server_id, opened_by)
  SELECT $4, tenant_id, user_id, id, server_id, 'connect' FROM allowed
  ON CONFLICT (device_id) WHERE state = 'ACTIVE' DO NOTHING
  RETURNING id, connected_at
)
SELECT id, connected_at, true AS opened FROM opened`;

const ACTIVE = `SELECT id, connected_at, false AS opened FROM sessions
  WHERE tenant_id = $1 AND device_id = $2 AND state = 'ACTIVE'`;

interface OpenRow {
  id: string;
  connected_at: Date;
  opened: boolean;
}

interface SessionRow {
  id: string;
  connected_at: Date;
  device_id: string;
  device_name: string;
  assigned_ip: string;
  endpoint_host: string;
  endpoint_port: number;
  region: string;
}

interface ScopeSql {
  readonly where: string;
  readonly exists: string;
}

/** Each scope is a prefix of an index over connected_at and id. */
const SCOPES: Readonly<Record<Exclude<SessionScope['of'], 'mode'>, ScopeSql>> = {
  user: {
    where: 'x.tenant_id = $3 AND x.user_id = $4',
    exists: 'SELECT FROM tenant_users WHERE tenant_id = $1 AND id = $2',
  },
  device: {
    where: 'x.tenant_id = $3 AND x.user_id = $4 AND x.device_id = $5',
    exists: "SELECT FROM devices WHERE tenant_id = $1 AND user_id = $2 AND id = $3 AND state <> 'deleted'",
  },
  tenant: { where: 'x.tenant_id = $3', exists: 'SELECT FROM tenants WHERE id = $1' },
};

function sqlOf(scope: SessionScope): ScopeSql {
  if (scope.of !== 'mode') return SCOPES[scope.of];
  // The SQL depends on the filters, so that the plan can use the index: see platform/db/filters.ts.
  const user = scope.userId === null ? '$5::uuid IS NULL' : 'x.user_id = $5';
  const device = scope.deviceId === null ? '$6::uuid IS NULL' : 'x.device_id = $6';
  return {
    where: `x.tenant_id = $3 AND ${user} AND ${device}
      AND EXISTS (SELECT FROM devices m WHERE m.tenant_id = x.tenant_id AND m.id = x.device_id AND m.mode = $4)`,
    exists: 'SELECT FROM tenants WHERE id = $1 AND num_nulls($2::api_key_mode, $3::uuid, $4::uuid) >= 0',
  };
}

function keysOf(scope: SessionScope): (string | null)[] {
  switch (scope.of) {
    case 'user':
      return [scope.tenantId, scope.userId];
    case 'device':
      return [scope.tenantId, scope.userId, scope.deviceId];
    case 'tenant':
      return [scope.tenantId];
    case 'mode':
      return [scope.tenantId, scope.mode, scope.userId, scope.deviceId];
  }
}

/** Looks up the previous page's last session in the same scope, so that foreign ids reveal nothing. */
function historySql(where: string, after: boolean): string {
  const beyond = `AND (x.connected_at, x.id) < (SELECT x.connected_at, x.id FROM sessions x WHERE ${where} AND x.id = $2)`;
  return `
SELECT x.id, x.user_id, x.state, x.opened_by, x.connected_at, x.closed_at, x.closed_reason, x.upload_bytes, x.download_bytes,
  x.device_id, d.name AS device_name, x.server_id, s.region
FROM (
  SELECT * FROM sessions x WHERE ${where} ${after ? beyond : 'AND $2::uuid IS NULL'}
  ORDER BY x.connected_at DESC, x.id DESC LIMIT $1
) AS x
JOIN devices d ON d.tenant_id = x.tenant_id AND d.id = x.device_id JOIN servers s ON s.id = x.server_id
ORDER BY x.connected_at DESC, x.id DESC`;
}

interface HistoryRow {
  id: string;
  user_id: string;
  state: 'ACTIVE' | 'CLOSED';
  opened_by: PastSession['openedBy'];
  connected_at: Date;
  closed_at: Date | null;
  closed_reason: PastSession['closedReason'];
  upload_bytes: number;
  download_bytes: number;
  device_id: string;
  device_name: string;
  server_id: string;
  region: string;
}

function pastSessionOf(row: HistoryRow): PastSession {
  return {
    id: row.id,
    userId: row.user_id,
    state: row.state,
    openedBy: row.opened_by,
    connectedAt: row.connected_at,
    closedAt: row.closed_at,
    closedReason: row.closed_reason,
    uploadBytes: row.upload_bytes,
    downloadBytes: row.download_bytes,
    device: { id: row.device_id, name: row.device_name },
    server: { id: row.server_id, region: row.region },
  };
}

/** check_session_limits names the limit. */
function refusedByLimit(cause: unknown): never {
  const whose = { sessions_user_limit: 'user', sessions_tenant_limit: 'tenant' }[
    brokenConstraint(cause) ?? ''
  ];
  if (whose === undefined) throw cause;
  throw new CVaultError(
    'session_limit_reached',
    `The ${whose} has as many open sessions as allowed. Disconnect another device first.`,
    {
      cause,
    },
  );
}

export function createSessionStore({ pool }: Database): SessionStore {
  return {
    async open({ tenantId, userId }, deviceId) {
      // The conflicting session may be closed between the two statements; the next attempt then opens one.
      for (let attempt = 1; attempt <= 3; attempt++) {
        const row = await asTenant(pool, tenantId, async (db) => {
          const opened = await db
            .query<OpenRow>(OPEN, [tenantId, userId, deviceId, newId()])
            .catch(refusedByLimit);
          return opened.rows[0] ?? (await db.query<OpenRow>(ACTIVE, [tenantId, deviceId])).rows[0];
        });
        if (row !== undefined) return { id: row.id, connectedAt: row.connected_at, opened: row.opened };
      }
      throw new CVaultError(
        'state_conflict',
        'The device was changed at the same time. Send the request again.',
      );
    },

    async listOpen({ tenantId, userId }) {
      const query = {
        text: `SELECT sessions.id, sessions.connected_at, d.id AS device_id, d.name AS device_name,
           host(d.assigned_ip) AS assigned_ip, host(s.endpoint_host) AS endpoint_host, s.endpoint_port, s.region
         FROM sessions
         JOIN devices d ON d.tenant_id = sessions.tenant_id AND d.id = sessions.device_id
         JOIN servers s ON s.id = d.server_id
         WHERE sessions.tenant_id = $1 AND d.user_id = $2 AND sessions.state = 'ACTIVE'
         ORDER BY sessions.connected_at, sessions.id`,
        values: [tenantId, userId],
      };
      const { rows } = await askAsTenant<SessionRow>(pool, tenantId, query);
      return rows.map((row) => ({
        id: row.id,
        connectedAt: row.connected_at,
        device: { id: row.device_id, name: row.device_name, assignedIp: row.assigned_ip },
        server: { endpointHost: row.endpoint_host, endpointPort: row.endpoint_port, region: row.region },
      }));
    },

    async close({ tenantId, userId }, deviceId) {
      const query = {
        text: `UPDATE sessions SET state = 'CLOSED', closed_at = now(), closed_reason = 'disconnect'
         WHERE tenant_id = $1 AND user_id = $2 AND device_id = $3 AND state = 'ACTIVE'
         RETURNING id, closed_at`,
        values: [tenantId, userId, deviceId],
      };
      const { rows } = await askAsTenant<{ id: string; closed_at: Date }>(pool, tenantId, query);
      const row = rows[0];
      return row === undefined ? null : { id: row.id, closedAt: row.closed_at };
    },

    async history(scope, { limit, afterId }) {
      const keys = keysOf(scope);
      const { where, exists } = sqlOf(scope);
      return asTenant(pool, scope.tenantId, async (db) => {
        if (afterId !== undefined) {
          const found = await db.query(
            `SELECT FROM sessions x WHERE ${where} AND x.id = $2 AND $1::int IS NOT NULL`,
            [limit, afterId, ...keys],
          );
          if (found.rowCount === 0) return 'unknown_page';
        }
        const { rows } = await db.query<HistoryRow>(historySql(where, afterId !== undefined), [
          limit,
          afterId ?? null,
          ...keys,
        ]);
        if (rows.length === 0 && (await db.query(exists, keys)).rowCount === 0) return null;
        return rows.map(pastSessionOf);
      });
    },
  };
}
