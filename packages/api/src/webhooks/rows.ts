import type { WebhookDelivery, WebhookDisabledReason, WebhookEndpoint } from './endpoint.ts';

/** The columns of webhook_endpoints that `endpointFromRow` reads. */
export const ENDPOINT_COLUMNS = `
  id, url, description, events, disabled_reason, disabled_at, failing_since,
  CASE WHEN previous_secret_until > now() THEN previous_secret_until END AS previous_secret_until, created_at`;

export interface EndpointRow {
  id: string;
  url: string;
  description: string;
  events: string[];
  disabled_reason: WebhookDisabledReason | null;
  disabled_at: Date | null;
  failing_since: Date | null;
  previous_secret_until: Date | null;
  created_at: Date;
}

export function endpointFromRow(row: EndpointRow): WebhookEndpoint {
  return {
    id: row.id,
    url: row.url,
    description: row.description,
    events: row.events,
    disabledReason: row.disabled_reason,
    disabledAt: row.disabled_at,
    failingSince: row.failing_since,
    previousSecretUntil: row.previous_secret_until,
    createdAt: row.created_at,
  };
}

/** The columns of a delivery `d` and its event `e` that `deliveryFromRow` reads. */
export const DELIVERY_COLUMNS = 'd.event_id, e.type, d.state, d.attempts, d.due_at, e.created_at';

export interface DeliveryRow {
  event_id: string;
  type: string;
  state: WebhookDelivery['state'];
  attempts: number;
  due_at: Date;
  created_at: Date;
}

export function deliveryFromRow(row: DeliveryRow): WebhookDelivery {
  return {
    messageId: row.event_id,
    type: row.type,
    state: row.state,
    attempts: row.attempts,
    nextAttemptAt: row.state === 'pending' ? row.due_at : null,
    createdAt: row.created_at,
  };
}
