import type { Items } from '../platform/jobs/items.ts';
import type { Job } from '../platform/jobs/job.ts';
import type { WebhookSender } from './sender.ts';

export const SEND_WEBHOOKS = 'send webhooks';

/** How late the first attempt may be. An endpoint that takes what it is sent gets the next at once. */
const EVERY_MS = 500;

export interface SendWebhooksDeps {
  readonly sender: Pick<WebhookSender, 'sendDue'>;
  /** The sender's own: its attempts end after the run that began them. */
  readonly items: Items;
}

export const sendWebhooks = ({ sender, items }: SendWebhooksDeps) =>
  ({
    name: SEND_WEBHOOKS,
    everyMs: EVERY_MS,
    items,
    run: async () => ({ attempts: await sender.sendDue() }),
  }) satisfies Job;
