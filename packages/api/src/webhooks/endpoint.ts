import type { SealedColumn } from '../platform/crypto/vault.ts';

/** `gone`: it answered 410. `failing`: every attempt in three days failed. */
export type WebhookDisabledReason = 'manual' | 'gone' | 'failing';

/** A tenant's receiver of events, without its secrets. */
export interface WebhookEndpoint {
  readonly id: string;
  readonly url: string;
  readonly description: string;
  /** Empty: all events. */
  readonly events: readonly string[];
  /** Both null while it is enabled. */
  readonly disabledReason: WebhookDisabledReason | null;
  readonly disabledAt: Date | null;
  /** When attempts began to fail; null after a success. */
  readonly failingSince: Date | null;
  /** Until when the previous secret also signs; null if it does not. */
  readonly previousSecretUntil: Date | null;
  readonly createdAt: Date;
}

export type WebhookDeliveryState = 'pending' | 'delivered' | 'failed';

/** One event on its way to one endpoint. */
export interface WebhookDelivery {
  /** The event’s id, by which the receiver knows it. */
  readonly messageId: string;
  readonly type: string;
  readonly state: WebhookDeliveryState;
  /** Failed attempts since it was written or replayed. */
  readonly attempts: number;
  /** Null unless it is pending. */
  readonly nextAttemptAt: Date | null;
  readonly createdAt: Date;
}

export interface WebhookAttempt {
  /** Null without an answer; `fault` then has the reason. */
  readonly status: number | null;
  readonly fault: string | null;
  readonly durationMs: number;
  readonly at: Date;
}

export const webhookSecretColumn = (tenantId: string, endpointId: string): SealedColumn => ({
  owner: tenantId,
  row: endpointId,
  column: 'webhook_endpoints.secret',
});

export const previousWebhookSecretColumn = (tenantId: string, endpointId: string): SealedColumn => ({
  owner: tenantId,
  row: endpointId,
  column: 'webhook_endpoints.previous_secret',
});
