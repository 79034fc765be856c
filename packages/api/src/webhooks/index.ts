export { createWebhookQueue } from './queue.ts';
export { webhookRoutes } from './routes.ts';
export { SEND_WEBHOOKS, sendWebhooks } from './send-webhooks.job.ts';
export { createWebhookSender } from './sender.ts';
export { type WebhookService, createWebhookService } from './service.ts';
export { createWebhookEndpointStore } from './store.ts';
