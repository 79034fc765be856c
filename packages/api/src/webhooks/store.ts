import { CVaultError } from '../platform/errors.ts';
import { TEST_EVENT } from './events.ts';
import type { WebhookEndpointStore } from './ports.ts';
import type pg from 'pg';
import type { Database } from '../platform/db/database.ts';
import { askAsTenant, asTenant } from '../platform/db/tenancy.ts';
import {
  DELIVERY_COLUMNS,
  deliveryFromRow,
  type DeliveryRow,
  ENDPOINT_COLUMNS,
  endpointFromRow,
  type EndpointRow,
} from './rows.ts';
import { WEBHOOK_ENDPOINTS_MAX } from '../platform/limits/limits.ts';

/** A replay resets the count of attempts. */
const REPLAY = `UPDATE webhook_deliveries d SET state = 'pending', attempts = 0, due_at = now()`;

/** Enabling clears the reason for the disabling and restarts the three days. */
const UPDATE = `
UPDATE webhook_endpoints SET
  url = coalesce($3, url), description = coalesce($4, description), events = coalesce($5, events),
  disabled_reason = CASE $6::boolean WHEN true THEN NULL WHEN false THEN coalesce(disabled_reason, 'manual') ELSE disabled_reason END,
  disabled_at = CASE $6::boolean WHEN true THEN NULL WHEN false THEN coalesce(disabled_at, now()) ELSE disabled_at END,
  failing_since = CASE WHEN $6::boolean THEN NULL ELSE failing_since END
WHERE tenant_id = $1 AND id = $2 RETURNING ${ENDPOINT_COLUMNS}`;

const CHANGE_SECRET = `
UPDATE webhook_endpoints SET secret = $4, previous_secret = $5,
  previous_secret_until = CASE WHEN $5::bytea IS NOT NULL THEN now() + $6::int * interval '1 second' END
WHERE tenant_id = $1 AND id = $2 AND secret = $3 RETURNING ${ENDPOINT_COLUMNS}`;

const WRITE_TEST = `
WITH e AS (
  INSERT INTO webhook_events (id, tenant_id, type, data)
  SELECT new_event_id(), tenant_id, '${TEST_EVENT}', jsonb_build_object('endpointId', id)
  FROM webhook_endpoints WHERE tenant_id = $1 AND id = $2
  RETURNING id
)
INSERT INTO webhook_deliveries (tenant_id, endpoint_id, event_id) SELECT $1, $2, id FROM e RETURNING event_id`;

const deliveries = (columns: string) => `
SELECT ${columns} FROM webhook_deliveries d
JOIN webhook_events e ON e.tenant_id = d.tenant_id AND e.id = d.event_id
WHERE d.tenant_id = $1 AND d.endpoint_id = $2`;

/** Endpoints of tenants, each statement under the tenant's row-level security. */
export function createWebhookEndpointStore({ pool }: Database): WebhookEndpointStore {
  const query = <R extends pg.QueryResultRow>(tenantId: string, sql: string, values: unknown[]) =>
    askAsTenant<R>(pool, tenantId, sql, [tenantId, ...values]);

  async function one(tenantId: string, sql: string, values: unknown[]) {
    const row = (await query<EndpointRow>(tenantId, sql, values)).rows[0];
    return row === undefined ? null : endpointFromRow(row);
  }

  const find = (tenantId: string, id: string) =>
    one(tenantId, `SELECT ${ENDPOINT_COLUMNS} FROM webhook_endpoints WHERE tenant_id = $1 AND id = $2`, [id]);

  return {
    create: ({ id, tenantId, url, description, events, sealedSecret }) =>
      asTenant(pool, tenantId, async (db) => {
        // Otherwise two concurrent calls would not count each other's endpoint.
        await db.query('SELECT FROM tenants WHERE id = $1 FOR NO KEY UPDATE', [tenantId]);
        const { rows } = await db.query<EndpointRow>(
          `INSERT INTO webhook_endpoints (tenant_id, id, url, description, events, secret)
           SELECT $1, $2, $3, $4, $5, $6
           WHERE (SELECT count(*) FROM webhook_endpoints WHERE tenant_id = $1) < ${WEBHOOK_ENDPOINTS_MAX}
           RETURNING ${ENDPOINT_COLUMNS}`,
          [tenantId, id, url, description, events, sealedSecret],
        );
        if (rows[0] !== undefined) return endpointFromRow(rows[0]);
        throw new CVaultError(
          'webhook_endpoint_limit_reached',
          `The tenant has ${WEBHOOK_ENDPOINTS_MAX} webhook endpoints.`,
        );
      }),

    async list(tenantId) {
      const sql = `SELECT ${ENDPOINT_COLUMNS} FROM webhook_endpoints WHERE tenant_id = $1 ORDER BY id`;
      return (await query<EndpointRow>(tenantId, sql, [])).rows.map(endpointFromRow);
    },

    find,

    update: (tenantId, id, { url, description, events, enabled }) =>
      one(tenantId, UPDATE, [id, url ?? null, description ?? null, events ?? null, enabled ?? null]),

    async delete(tenantId, id) {
      const sql = 'DELETE FROM webhook_endpoints WHERE tenant_id = $1 AND id = $2';
      return (await query(tenantId, sql, [id])).rowCount === 1;
    },

    async sealedSecret(tenantId, id) {
      const sql = 'SELECT secret FROM webhook_endpoints WHERE tenant_id = $1 AND id = $2';
      return (await query<{ secret: Buffer }>(tenantId, sql, [id])).rows[0]?.secret ?? null;
    },

    changeSecret: (tenantId, id, { ifSealedSecret, sealedSecret, sealedPrevious, overlapSeconds }) =>
      one(tenantId, CHANGE_SECRET, [id, ifSealedSecret, sealedSecret, sealedPrevious, overlapSeconds]),

    async writeTest(tenantId, id) {
      const { rows } = await query<{ event_id: string }>(tenantId, WRITE_TEST, [id]);
      return rows[0]?.event_id ?? null;
    },

    async deliveries(tenantId, id, { limit, beforeId, state }) {
      const sql = `${deliveries(DELIVERY_COLUMNS)} AND ($3::uuid IS NULL OR d.event_id < $3) AND ($4::webhook_delivery_state IS NULL OR d.state = $4)
        ORDER BY d.event_id DESC LIMIT $5`;
      const { rows } = await query<DeliveryRow>(tenantId, sql, [id, beforeId ?? null, state ?? null, limit]);
      return rows.length === 0 && (await find(tenantId, id)) === null ? null : rows.map(deliveryFromRow);
    },

    delivery: (tenantId, id, messageId) =>
      asTenant(pool, tenantId, async (db) => {
        const values = [tenantId, id, messageId];
        const sql = deliveries(`${DELIVERY_COLUMNS}, e.data`);
        const found = await db.query<DeliveryRow & { data: unknown }>(`${sql} AND d.event_id = $3`, values);
        const row = found.rows[0];
        if (row === undefined) return null;
        const { rows } = await db.query<{
          status: number | null;
          fault: string | null;
          duration_ms: number;
          created_at: Date;
        }>(
          `SELECT status, fault, duration_ms, created_at FROM webhook_attempts
           WHERE tenant_id = $1 AND endpoint_id = $2 AND event_id = $3 ORDER BY id DESC LIMIT 100`,
          values,
        );
        const attempts = rows.map(({ status, fault, duration_ms, created_at }) => ({
          status,
          fault,
          durationMs: duration_ms,
          at: created_at,
        }));
        return { delivery: deliveryFromRow(row), data: row.data, attempts };
      }),

    async replay(tenantId, id, messageId) {
      const sql = `${REPLAY} WHERE tenant_id = $1 AND endpoint_id = $2 AND event_id = $3`;
      return (await query(tenantId, sql, [id, messageId])).rowCount === 1;
    },

    async replayFailed(tenantId, id, since) {
      const sql = `${REPLAY} FROM webhook_events e
        WHERE d.tenant_id = $1 AND d.endpoint_id = $2 AND d.state = 'failed'
          AND e.tenant_id = d.tenant_id AND e.id = d.event_id AND e.created_at >= $3`;
      const { rowCount } = await query(tenantId, sql, [id, since]);
      return rowCount === 0 && (await find(tenantId, id)) === null ? null : (rowCount ?? 0);
    },
  };
}
