import { CVaultError, invalidField, notFound } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { Vault } from '../platform/crypto/vault.ts';
import { OutboundError, type OutboundHttp } from '../platform/outbound/ports.ts';
import type { Secret } from '../platform/crypto/secret.ts';
import {
  previousWebhookSecretColumn,
  type WebhookAttempt,
  type WebhookDelivery,
  type WebhookEndpoint,
  webhookSecretColumn,
} from './endpoint.ts';
import type { DeliveryPage, WebhookEndpointChanges, WebhookEndpointStore } from './ports.ts';
import { newWebhookSecret, webhookSecretText } from './signature.ts';

export interface WebhookServiceDeps {
  readonly endpoints: WebhookEndpointStore;
  readonly outbound: Pick<OutboundHttp, 'check'>;
  readonly vault: Vault;
}

export interface NewWebhookInput {
  readonly url: string;
  readonly description?: string | undefined;
  readonly events?: readonly string[] | undefined;
}

/** An endpoint and its secret, which is shown only here. */
export interface ToldSecret {
  readonly endpoint: WebhookEndpoint;
  readonly secret: Secret<string>;
}

/**
 * A tenant's management of its webhook endpoints. Every method throws CVaultError `not_found` for an endpoint of
 * another tenant.
 */
export function createWebhookService({ endpoints, outbound, vault }: WebhookServiceDeps) {
  function checkUrl(url: string): string {
    try {
      return outbound.check(url);
    } catch (cause) {
      if (!(cause instanceof OutboundError)) throw cause;
      throw invalidField('/url', cause.message, cause);
    }
  }

  function found<T>(value: T | null, what = 'webhook endpoint'): T {
    if (value === null) throw notFound(what);
    return value;
  }

  return {
    /** @throws CVaultError `invalid_request`, `webhook_endpoint_limit_reached` */
    async create(tenantId: string, input: NewWebhookInput): Promise<ToldSecret> {
      const id = newId();
      const secret = newWebhookSecret();
      const endpoint = await endpoints.create({
        id,
        tenantId,
        url: checkUrl(input.url),
        description: input.description ?? '',
        events: input.events ?? [],
        sealedSecret: vault.seal(webhookSecretColumn(tenantId, id), secret.reveal()),
      });
      return { endpoint, secret: webhookSecretText(secret) };
    },

    list: (tenantId: string): Promise<WebhookEndpoint[]> => endpoints.list(tenantId),

    get: async (tenantId: string, id: string): Promise<WebhookEndpoint> =>
      found(await endpoints.find(tenantId, id)),

    /** @throws CVaultError `invalid_request` */
    async update(tenantId: string, id: string, changes: WebhookEndpointChanges): Promise<WebhookEndpoint> {
      const url = changes.url === undefined ? undefined : checkUrl(changes.url);
      return found(await endpoints.update(tenantId, id, { ...changes, url }));
    },

    async remove(tenantId: string, id: string): Promise<void> {
      found((await endpoints.delete(tenantId, id)) || null);
    },

    /**
     * Replaces the secret. For `overlapSeconds`, the previous one also signs, so that receivers can switch in time.
     * @throws CVaultError `state_conflict` on a concurrent change
     */
    async rotateSecret(tenantId: string, id: string, overlapSeconds: number): Promise<ToldSecret> {
      const sealed = found(await endpoints.sealedSecret(tenantId, id));
      const old = vault.open(webhookSecretColumn(tenantId, id), sealed);
      const secret = newWebhookSecret();
      const endpoint = await endpoints.changeSecret(tenantId, id, {
        ifSealedSecret: sealed,
        sealedSecret: vault.seal(webhookSecretColumn(tenantId, id), secret.reveal()),
        sealedPrevious:
          overlapSeconds === 0 ? null : vault.seal(previousWebhookSecretColumn(tenantId, id), old.reveal()),
        overlapSeconds,
      });
      if (endpoint === null)
        throw new CVaultError(
          'state_conflict',
          'The secret was changed at the same time. Send the request again.',
        );
      return { endpoint, secret: webhookSecretText(secret) };
    },

    /** Returns the id of the message. */
    test: async (tenantId: string, id: string): Promise<string> =>
      found(await endpoints.writeTest(tenantId, id)),

    /** Newest first. */
    async deliveries(
      tenantId: string,
      id: string,
      page: DeliveryPage,
    ): Promise<{ deliveries: readonly WebhookDelivery[]; lastId: string | null }> {
      // One extra row shows whether there is another page.
      const rows = found(await endpoints.deliveries(tenantId, id, { ...page, limit: page.limit + 1 }));
      const deliveries = rows.slice(0, page.limit);
      return { deliveries, lastId: rows.length > page.limit ? (deliveries.at(-1)?.messageId ?? null) : null };
    },

    async delivery(
      tenantId: string,
      id: string,
      messageId: string,
    ): Promise<{ delivery: WebhookDelivery; data: unknown; attempts: readonly WebhookAttempt[] }> {
      return found(await endpoints.delivery(tenantId, id, messageId), 'delivery');
    },

    async replay(tenantId: string, id: string, messageId: string): Promise<void> {
      found((await endpoints.replay(tenantId, id, messageId)) || null, 'delivery');
    },

    replayFailed: async (tenantId: string, id: string, since: Date): Promise<number> =>
      found(await endpoints.replayFailed(tenantId, id, since)),
  };
}

export type WebhookService = ReturnType<typeof createWebhookService>;
