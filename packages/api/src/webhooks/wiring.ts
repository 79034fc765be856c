import { TENANT } from '../platform/http/prefixes.ts';
import type { Noun } from '../platform/noun.ts';
import type { Platform } from '../platform/platform.ts';
import { VERSION } from '../platform/version.ts';
import { createWebhookQueue } from './queue.ts';
import { webhookRoutes } from './routes.ts';
import { SEND_WEBHOOKS, sendWebhooks } from './send-webhooks.job.ts';
import { createWebhookSender } from './sender.ts';
import { createWebhookService } from './service.ts';
import { createWebhookEndpointStore } from './store.ts';

export function wireWebhooks({ databases, outbound, vault, clock, itemsOf }: Platform) {
  const webhooks = createWebhookService({
    endpoints: createWebhookEndpointStore(databases.requests),
    outbound,
    vault,
  });
  const items = itemsOf({ name: SEND_WEBHOOKS });
  const sender = createWebhookSender({
    queue: createWebhookQueue(databases.jobs),
    outbound,
    vault,
    clock,
    userAgent: `CVault/${VERSION}`,
    items,
  });
  return {
    sender,
    routes: (app) => void app.register(webhookRoutes, { prefix: TENANT, webhooks }),
    jobs: [sendWebhooks({ sender, items })],
  } satisfies Noun;
}
