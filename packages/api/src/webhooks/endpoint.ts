import type { SealedColumn } from '../platform/crypto/vault.ts';

/** `gone`: it answered 410. `failing`: every attempt of three days has failed. */
export type WebhookDisabledReason = 'manual' | 'gone' | 'failing';

/** Where a tenant wants to hear of events. Its secrets are not in here. */
export interface WebhookEndpoint {
  readonly id: string;
  readonly url: string;
  readonly description: string;
  /** Empty: all. */
  readonly events: readonly string[];
  /** Both null while it is told of events. */
  readonly disabledReason: WebhookDisabledReason | null;
  readonly disabledAt: Date | null;
  /** Since when every attempt has failed; null after one that did not. */
  readonly failingSince: Date | null;
  /** Until when the secret before this one signs too; null for not at all. */
  readonly previousSecretUntil: Date | null;
  readonly createdAt: Date;
}

export type WebhookDeliveryState = 'pending' | 'delivered' | 'failed';

/** One event on its way to one endpoint. */
export interface WebhookDelivery {
  /** The event’s id: what the receiver knows it by. */
  readonly messageId: string;
  readonly type: string;
  readonly state: WebhookDeliveryState;
  /** Attempts that failed, since it was written or replayed. */
  readonly attempts: number;
  /** Null unless it is pending. */
  readonly nextAttemptAt: Date | null;
  readonly createdAt: Date;
}

export interface WebhookAttempt {
  /** Null where there was no answer; then `fault` says why. */
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
