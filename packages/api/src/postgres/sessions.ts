import { CVaultError, newId, type SessionStore } from '@cvault/core';
import { brokenConstraint, type Database } from './database.ts';

/**
 * The update of the device locks its row, so two calls at once come one after the other: the second finds the first
 * one's session.
 */
const OPEN = `
WITH device AS (
  UPDATE devices SET last_connected_at = now()
  WHERE tenant_id = $1 AND user_id = $2 AND id = $3 AND state = 'live' RETURNING tenant_id, user_id, id
), allowed AS (
  SELECT * FROM device WHERE check_session_limits(tenant_id, user_id, id)
), opened AS (
  INSERT INTO sessions (id, tenant_id, device_id) SELECT $4, tenant_id, id FROM allowed
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

/** check_session_limits says whose limit it is. */
function refusedByLimit(cause: unknown): never {
  const whose = { sessions_user_limit: 'user', sessions_tenant_limit: 'tenant' }[
    brokenConstraint(cause) ?? ''
  ];
  if (whose === undefined) throw cause;
  throw new CVaultError('session_limit_reached', `As many sessions of the ${whose} are open as may be.`, {
    cause,
  });
}

export function createSessionStore({ pool }: Database): SessionStore {
  return {
    async open({ tenantId, userId }, deviceId) {
      // Between the two statements somebody may close the session that was in the way: then it is opened after all.
      for (let attempt = 1; attempt <= 3; attempt++) {
        const opened = await pool
          .query<OpenRow>(OPEN, [tenantId, userId, deviceId, newId()])
          .catch(refusedByLimit);
        const row = opened.rows[0] ?? (await pool.query<OpenRow>(ACTIVE, [tenantId, deviceId])).rows[0];
        if (row !== undefined) return { id: row.id, connectedAt: row.connected_at, opened: row.opened };
      }
      throw new CVaultError('state_conflict', 'The device was changed at the same time.');
    },

    async listOpen({ tenantId, userId }) {
      const { rows } = await pool.query<SessionRow>(
        `SELECT sessions.id, sessions.connected_at, d.id AS device_id, d.name AS device_name,
           host(d.assigned_ip) AS assigned_ip, host(s.endpoint_host) AS endpoint_host, s.endpoint_port, s.region
         FROM sessions
         JOIN devices d ON d.tenant_id = sessions.tenant_id AND d.id = sessions.device_id
         JOIN servers s ON s.id = d.server_id
         WHERE sessions.tenant_id = $1 AND d.user_id = $2 AND sessions.state = 'ACTIVE'
         ORDER BY sessions.connected_at, sessions.id`,
        [tenantId, userId],
      );
      return rows.map((row) => ({
        id: row.id,
        connectedAt: row.connected_at,
        device: { id: row.device_id, name: row.device_name, assignedIp: row.assigned_ip },
        server: { endpointHost: row.endpoint_host, endpointPort: row.endpoint_port, region: row.region },
      }));
    },

    async close({ tenantId, userId }, deviceId) {
      const { rows } = await pool.query<{ id: string; closed_at: Date }>(
        `UPDATE sessions SET state = 'CLOSED', closed_at = now() FROM devices d
         WHERE sessions.tenant_id = $1 AND sessions.device_id = $3 AND sessions.state = 'ACTIVE'
           AND d.tenant_id = $1 AND d.id = sessions.device_id AND d.user_id = $2
         RETURNING sessions.id, sessions.closed_at`,
        [tenantId, userId, deviceId],
      );
      const row = rows[0];
      return row === undefined ? null : { id: row.id, closedAt: row.closed_at };
    },
  };
}
