import type { WebhookAttempt, WebhookDelivery, WebhookDeliveryState, WebhookEndpoint } from './endpoint.ts';

interface NewWebhookEndpoint {
  readonly id: string;
  readonly tenantId: string;
  readonly url: string;
  readonly description: string;
  readonly events: readonly string[];
  readonly sealedSecret: Buffer;
}

/** Changes the given fields; the rest stays. */
export interface WebhookEndpointChanges {
  readonly url?: string | undefined;
  readonly description?: string | undefined;
  readonly events?: readonly string[] | undefined;
  readonly enabled?: boolean | undefined;
}

interface WebhookSecretChange {
  /** Nothing is changed where it is another one meanwhile. */
  readonly ifSealedSecret: Buffer;
  readonly sealedSecret: Buffer;
  /** The one that is replaced, sealed for its new column; null to have it end at once. */
  readonly sealedPrevious: Buffer | null;
  readonly overlapSeconds: number;
}

export interface DeliveryPage {
  readonly limit: number;
  /** Newest first, those before this one. */
  readonly beforeId?: string | undefined;
  readonly state?: WebhookDeliveryState | undefined;
}

/** A tenant’s endpoints and what was sent to them. Null, or false, where the tenant has no such one. */
export interface WebhookEndpointStore {
  /** @throws CVaultError `webhook_endpoint_limit_reached` */
  create(endpoint: NewWebhookEndpoint): Promise<WebhookEndpoint>;
  /** Oldest first: a tenant has few. */
  list(tenantId: string): Promise<WebhookEndpoint[]>;
  find(tenantId: string, id: string): Promise<WebhookEndpoint | null>;
  update(tenantId: string, id: string, changes: WebhookEndpointChanges): Promise<WebhookEndpoint | null>;
  /** With everything that was to be sent to it. */
  delete(tenantId: string, id: string): Promise<boolean>;
  sealedSecret(tenantId: string, id: string): Promise<Buffer | null>;
  changeSecret(tenantId: string, id: string, change: WebhookSecretChange): Promise<WebhookEndpoint | null>;
  /** Writes a test event for this endpoint alone; answers its id. */
  writeTest(tenantId: string, id: string): Promise<string | null>;
  deliveries(tenantId: string, id: string, page: DeliveryPage): Promise<WebhookDelivery[] | null>;
  delivery(
    tenantId: string,
    id: string,
    messageId: string,
  ): Promise<{ delivery: WebhookDelivery; data: unknown; attempts: WebhookAttempt[] } | null>;
  /** Has it sent again, with attempts counted anew, whatever became of it before. */
  replay(tenantId: string, id: string, messageId: string): Promise<boolean>;
  /** The same for all that failed and are of `since` or later; answers how many. */
  replayFailed(tenantId: string, id: string, since: Date): Promise<number | null>;
}

/** A delivery that is this process’s for a while. */
export interface ClaimedDelivery {
  readonly tenantId: string;
  readonly endpointId: string;
  readonly messageId: string;
  readonly url: string;
  readonly sealedSecret: Buffer;
  /** Null where only one secret signs. */
  readonly sealedPreviousSecret: Buffer | null;
  readonly type: string;
  readonly data: unknown;
  readonly createdAt: Date;
  /** Attempts that have failed before. */
  readonly attempts: number;
}

export interface AttemptResult {
  readonly status: number | null;
  readonly fault: string | null;
  readonly durationMs: number;
  readonly outcome:
    | { readonly is: 'delivered' }
    /** `retryInSeconds` null: it was the last attempt. */
    | { readonly is: 'failed'; readonly retryInSeconds: number | null }
    /** The receiver wants nothing more. */
    | { readonly is: 'gone' };
}

/** What is to be sent, for any number of processes. */
export interface WebhookQueue {
  /** Endpoints that have deliveries due. @param without those that have to wait */
  dueEndpoints(without: readonly string[]): Promise<string[]>;
  /**
   * Takes deliveries of these endpoints that are due, of each only as many as leave it at its bound. Who takes one and dies has it
   * come due again.
   * @param busy how many are under way here, by endpoint
   */
  claim(
    endpointIds: readonly string[],
    busy: ReadonlyMap<string, number>,
    limit: number,
  ): Promise<ClaimedDelivery[]>;
  /** Writes down what came of an attempt; disables the endpoint where it is gone, or has failed for too long. */
  record(delivery: ClaimedDelivery, result: AttemptResult): Promise<void>;
}
