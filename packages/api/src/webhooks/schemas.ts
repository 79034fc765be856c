import { faultOfName, normalizeName } from '../platform/text/names.ts';
import type { WebhookAttempt, WebhookDelivery, WebhookEndpoint } from './endpoint.ts';
import { WEBHOOK_EVENTS, type WebhookEventType } from './events.ts';
import { z } from 'zod';
import { Instant } from '../platform/http/schemas/answers.ts';
import { Id } from '../platform/http/schemas/ids.ts';
import { NextCursor, PageQuery } from '../platform/http/schemas/pages.ts';

const EventType = z
  .enum(Object.keys(WEBHOOK_EVENTS) as [WebhookEventType, ...WebhookEventType[]])
  .meta({ id: 'WebhookEventType' });

const Url = z.string().min(1).max(2_048).describe('https, on port 443 or 8443, at a public address');

/** A name, or empty. */
const Description = z
  .string()
  .transform(normalizeName)
  .superRefine((text, context) => {
    const fault = text === '' ? null : faultOfName(text);
    if (fault !== null) context.addIssue({ code: 'custom', message: fault });
  });

const Events = z
  .array(EventType)
  .max(Object.keys(WEBHOOK_EVENTS).length)
  .refine((events) => new Set(events).size === events.length, 'has an event twice')
  .describe('Events that it receives; empty: all');

export const CreateWebhookEndpoint = z
  .strictObject({ url: Url, description: Description.optional(), events: Events.optional() })
  .meta({ id: 'CreateWebhookEndpoint' });

export const UpdateWebhookEndpoint = z
  .strictObject({ url: Url, description: Description, events: Events, enabled: z.boolean() })
  .partial()
  .meta({ id: 'UpdateWebhookEndpoint' });

const endpoint = {
  id: Id,
  url: z.string(),
  description: z.string(),
  events: z.array(z.string()),
  enabled: z.boolean(),
  disabledReason: z
    .enum(['manual', 'gone', 'failing'])
    .nullable()
    .describe('`gone`: it answered 410. `failing`: every attempt of three days failed.'),
  disabledAt: Instant.nullable(),
  failingSince: Instant.nullable().describe('Since when every attempt has failed'),
  previousSecretUntil: Instant.nullable().describe('Until when the secret before this one signs too'),
  createdAt: Instant,
};

export const WebhookEndpointResource = z.object(endpoint).meta({ id: 'WebhookEndpoint' });

export const WebhookEndpointList = z
  .object({ webhookEndpoints: z.array(WebhookEndpointResource) })
  .meta({ id: 'WebhookEndpointList' });

export const WebhookEndpointWithSecret = z
  .object({
    ...endpoint,
    secret: z
      .string()
      .describe('The key that signatures are checked with. It is shown here and never again.'),
  })
  .meta({ id: 'WebhookEndpointWithSecret' });

export function endpointResource(found: WebhookEndpoint): z.infer<typeof WebhookEndpointResource> {
  return { ...found, events: [...found.events], enabled: found.disabledAt === null };
}

/** A week suffices for any release train, and limits the life of a leaked secret. */
const OVERLAP_SECONDS_MAX = 7 * 86_400;

export const RotateWebhookSecret = z
  .strictObject({
    overlapSeconds: z
      .int()
      .min(0)
      .max(OVERLAP_SECONDS_MAX)
      .default(86_400)
      .describe('How long the secret before signs too'),
  })
  .meta({ id: 'RotateWebhookSecret' });

const delivery = {
  messageId: Id.describe('The header `webhook-id`, the same over all attempts'),
  type: z.string(),
  state: z.enum(['pending', 'delivered', 'failed']),
  attempts: z.int().describe('Attempts that failed, since it was written or replayed'),
  nextAttemptAt: Instant.nullable(),
  createdAt: Instant,
};

const WebhookDeliveryResource = z.object(delivery).meta({ id: 'WebhookDelivery' });

export const WebhookDeliveryList = z
  .object({ deliveries: z.array(WebhookDeliveryResource), nextCursor: NextCursor })
  .meta({ id: 'WebhookDeliveryList' });

export const WebhookDeliveryDetail = z
  .object({
    ...delivery,
    data: z.record(z.string(), z.unknown()),
    log: z
      .array(
        z.object({
          at: Instant,
          status: z.int().nullable().describe('Null where there was no answer; then `fault` says why'),
          fault: z.string().nullable(),
          durationMs: z.int(),
        }),
      )
      .describe('Newest first, at most 100'),
  })
  .meta({ id: 'WebhookDeliveryDetail' });

export function deliveryDetail(found: {
  delivery: WebhookDelivery;
  data: unknown;
  attempts: readonly WebhookAttempt[];
}): z.infer<typeof WebhookDeliveryDetail> {
  return { ...found.delivery, data: found.data as Record<string, unknown>, log: [...found.attempts] };
}

export const DeliveryQuery = PageQuery.extend({
  state: z.enum(['pending', 'delivered', 'failed']).optional(),
});

export const DeliveryParams = z.strictObject({ id: Id, messageId: Id });

export const ReplayFailed = z
  .strictObject({ since: z.iso.datetime().transform((text) => new Date(text)) })
  .meta({ id: 'ReplayFailed' });

export const SentMessage = z.object({ messageId: Id }).meta({ id: 'SentMessage' });
export const Replayed = z.object({ replayed: z.int() }).meta({ id: 'Replayed' });
