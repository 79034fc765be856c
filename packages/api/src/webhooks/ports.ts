import type { WebhookAttempt, WebhookDelivery, WebhookDeliveryState, WebhookEndpoint } from './endpoint.ts';

interface NewWebhookEndpoint {
  readonly id: string;
  readonly tenantId: string;
  readonly url: string;
  readonly description: string;
  readonly events: readonly string[];
  readonly sealedSecret: Buffer;
}

/** Only given fields change. */
export interface WebhookEndpointChanges {
  readonly url?: string | undefined;
  readonly description?: string | undefined;
  readonly events?: readonly string[] | undefined;
  readonly enabled?: boolean | undefined;
}

interface WebhookSecretChange {
  /** Nothing changes if the current secret differs from this one. */
  readonly ifSealedSecret: Buffer;
  readonly sealedSecret: Buffer;
  /** The replaced secret, sealed for its new column; null to end it at once. */
  readonly sealedPrevious: Buffer | null;
  readonly overlapSeconds: number;
}

export interface DeliveryPage {
  readonly limit: number;
  /** Newest first, before this one. */
  readonly beforeId?: string | undefined;
  readonly state?: WebhookDeliveryState | undefined;
}

/** A tenant’s endpoints and their deliveries. Null or false for an unknown one. */
export interface WebhookEndpointStore {
  /** @throws CVaultError `webhook_endpoint_limit_reached` */
  create(endpoint: NewWebhookEndpoint): Promise<WebhookEndpoint>;
  /** Oldest first. */
  list(tenantId: string): Promise<WebhookEndpoint[]>;
  find(tenantId: string, id: string): Promise<WebhookEndpoint | null>;
  update(tenantId: string, id: string, changes: WebhookEndpointChanges): Promise<WebhookEndpoint | null>;
  /** Also deletes its deliveries. */
  delete(tenantId: string, id: string): Promise<boolean>;
  sealedSecret(tenantId: string, id: string): Promise<Buffer | null>;
  changeSecret(tenantId: string, id: string, change: WebhookSecretChange): Promise<WebhookEndpoint | null>;
  /** Writes a test event for this endpoint only; returns its id. */
  writeTest(tenantId: string, id: string): Promise<string | null>;
  deliveries(tenantId: string, id: string, page: DeliveryPage): Promise<WebhookDelivery[] | null>;
  delivery(
    tenantId: string,
    id: string,
    messageId: string,
  ): Promise<{ delivery: WebhookDelivery; data: unknown; attempts: WebhookAttempt[] } | null>;
  /** Sends it again with a new count of attempts, whatever its state. */
  replay(tenantId: string, id: string, messageId: string): Promise<boolean>;
  /** The same for all failed deliveries since `since`; returns their number. */
  replayFailed(tenantId: string, id: string, since: Date): Promise<number | null>;
}

/** A delivery that this process has claimed. */
export interface ClaimedDelivery {
  readonly tenantId: string;
  readonly endpointId: string;
  readonly messageId: string;
  readonly url: string;
  readonly sealedSecret: Buffer;
  /** Null if only one secret signs. */
  readonly sealedPreviousSecret: Buffer | null;
  readonly type: string;
  readonly data: unknown;
  readonly createdAt: Date;
  /** Earlier failed attempts. */
  readonly attempts: number;
}

export interface AttemptResult {
  readonly status: number | null;
  readonly fault: string | null;
  readonly durationMs: number;
  readonly outcome:
    | { readonly is: 'delivered' }
    /** `retryInSeconds` null: this was the last attempt. */
    | { readonly is: 'failed'; readonly retryInSeconds: number | null }
    /** The receiver wants no more messages. */
    | { readonly is: 'gone' };
}

/** The queue of deliveries, safe for any number of processes. */
export interface WebhookQueue {
  /** Endpoints with due deliveries. @param without endpoints that have to wait */
  dueEndpoints(without: readonly string[]): Promise<string[]>;
  /**
   * Claims due deliveries of these endpoints, up to each endpoint's bound. If the process dies, they become due
   * again.
   * @param busy running deliveries in this process, by endpoint
   */
  claim(
    endpointIds: readonly string[],
    busy: ReadonlyMap<string, number>,
    limit: number,
  ): Promise<ClaimedDelivery[]>;
  /** Records an attempt; disables the endpoint if it is gone or has failed for too long. */
  record(delivery: ClaimedDelivery, result: AttemptResult): Promise<void>;
}
