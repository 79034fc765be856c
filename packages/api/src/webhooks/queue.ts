import type { ClaimedDelivery, WebhookQueue } from './ports.ts';
import type { Database } from '../platform/db/database.ts';
import { repeating } from '../platform/db/transaction.ts';

/** Concurrent requests per endpoint and process; a failing endpoint gets one. */
const AT_ONCE = 4;
/** Longer than any attempt: resolving a name plus 15 s of HTTP. */
const LEASE_SECONDS = 60;
/** An endpoint without a success for this long is disabled. */
const GIVEN_UP_AFTER = "interval '72 hours'";

/**
 * Claims per endpoint, so that one with thousands of due deliveries gets no more turns than one with a single
 * delivery. Deliveries of a suspended tenant wait until it is resumed.
 */
const CLAIM = {
  name: 'webhooks-claim',
  text: `
WITH due AS (
  SELECT d.tenant_id, d.endpoint_id, d.event_id
  FROM webhook_endpoints e JOIN tenants t ON t.id = e.tenant_id AND t.state = 'active'
  LEFT JOIN unnest($1::uuid[], $2::int[]) AS busy (endpoint_id, count) ON busy.endpoint_id = e.id
  CROSS JOIN LATERAL (
    SELECT tenant_id, endpoint_id, event_id FROM webhook_deliveries
    WHERE endpoint_id = e.id AND state = 'pending' AND due_at <= now()
    ORDER BY due_at
    LIMIT greatest(0, CASE WHEN e.failing_since IS NULL THEN ${AT_ONCE} ELSE 1 END - coalesce(busy.count, 0))
    FOR UPDATE SKIP LOCKED
  ) AS d
  WHERE e.disabled_at IS NULL AND e.id = ANY ($4::uuid[])
  LIMIT $3
), claimed AS (
  UPDATE webhook_deliveries d SET due_at = now() + ${LEASE_SECONDS} * interval '1 second'
  FROM due WHERE d.tenant_id = due.tenant_id AND d.endpoint_id = due.endpoint_id AND d.event_id = due.event_id
  RETURNING d.*
)
SELECT c.tenant_id, c.endpoint_id, c.event_id, c.attempts, p.url, p.secret,
  CASE WHEN p.previous_secret_until > now() THEN p.previous_secret END AS previous_secret, e.type, e.data, e.created_at
FROM claimed c JOIN webhook_endpoints p ON p.tenant_id = c.tenant_id AND p.id = c.endpoint_id
JOIN webhook_events e ON e.tenant_id = c.tenant_id AND e.id = c.event_id`,
};

const DUE_ENDPOINTS = {
  name: 'webhooks-due-endpoints',
  text: `
SELECT e.id FROM webhook_endpoints e JOIN tenants t ON t.id = e.tenant_id AND t.state = 'active'
WHERE e.disabled_at IS NULL AND e.id <> ALL ($1::uuid[]) AND EXISTS (
  SELECT FROM webhook_deliveries d WHERE d.endpoint_id = e.id AND d.state = 'pending' AND d.due_at <= now()
)`,
};

interface ClaimRow {
  tenant_id: string;
  endpoint_id: string;
  event_id: string;
  attempts: number;
  url: string;
  secret: Buffer;
  previous_secret: Buffer | null;
  type: string;
  data: unknown;
  created_at: Date;
}

/**
 * Writes the endpoint's row only if its state changes, so that successful deliveries do not wait for one row. If
 * the endpoint was deleted meanwhile, nothing is written.
 */
const RECORD = {
  name: 'webhooks-record',
  text: `
WITH d AS (
  UPDATE webhook_deliveries SET
    state = (CASE WHEN $4 THEN 'delivered' WHEN $5::float IS NULL THEN 'failed' ELSE 'pending' END)::webhook_delivery_state,
    attempts = attempts + (NOT $4::boolean)::int,
    due_at = now() + coalesce($5, 0) * interval '1 second'
  WHERE tenant_id = $1 AND endpoint_id = $2 AND event_id = $3
  RETURNING tenant_id, endpoint_id, event_id
), log AS (
  INSERT INTO webhook_attempts (tenant_id, endpoint_id, event_id, status, fault, duration_ms)
  SELECT tenant_id, endpoint_id, event_id, $6, $7, $8 FROM d
)
UPDATE webhook_endpoints e SET
  failing_since = CASE WHEN NOT $4::boolean THEN coalesce(e.failing_since, now()) END,
  disabled_at = CASE WHEN $9 OR NOT $4 AND e.failing_since <= now() - ${GIVEN_UP_AFTER} THEN now() ELSE e.disabled_at END,
  disabled_reason = CASE
    WHEN $9 THEN 'gone'
    WHEN NOT $4 AND e.failing_since <= now() - ${GIVEN_UP_AFTER} THEN 'failing'
    ELSE e.disabled_reason END
FROM d WHERE e.tenant_id = d.tenant_id AND e.id = d.endpoint_id AND e.disabled_at IS NULL
  AND ($9::boolean OR $4 = (e.failing_since IS NOT NULL) OR e.failing_since <= now() - ${GIVEN_UP_AFTER})`,
};

export function createWebhookQueue({ pool }: Pick<Database, 'pool'>): WebhookQueue {
  return {
    async dueEndpoints(without) {
      const { rows } = await pool.query<{ id: string }>({ ...DUE_ENDPOINTS, values: [without] });
      return rows.map(({ id }) => id);
    },

    async claim(endpointIds, busy, limit) {
      const values = [[...busy.keys()], [...busy.values()], limit, endpointIds];
      const { rows } = await repeating(() => pool.query<ClaimRow>({ ...CLAIM, values }));
      return rows.map((row): ClaimedDelivery => ({
        tenantId: row.tenant_id,
        endpointId: row.endpoint_id,
        messageId: row.event_id,
        url: row.url,
        sealedSecret: row.secret,
        sealedPreviousSecret: row.previous_secret,
        type: row.type,
        data: row.data,
        createdAt: row.created_at,
        attempts: row.attempts,
      }));
    },

    async record({ tenantId, endpointId, messageId }, { status, fault, durationMs, outcome }) {
      const values = [
        tenantId,
        endpointId,
        messageId,
        outcome.is === 'delivered',
        outcome.is === 'failed' ? outcome.retryInSeconds : null,
        status,
        fault,
        durationMs,
        outcome.is === 'gone',
      ];
      await repeating(() => pool.query({ ...RECORD, values }));
    },
  };
}
