import { markdownTable } from '../platform/text/markdown.ts';
import { WEBHOOK_EVENTS } from './events.ts';

/** docs/webhook-events.md. */
export function renderWebhookEventsMarkdown(): string {
  const rows = Object.entries(WEBHOOK_EVENTS).map(([type, { when, data }]) => [
    `\`${type}\``,
    when,
    Object.keys(data.shape)
      .map((name) => `\`${name}\``)
      .join(', '),
  ]);
  return `<!-- Generated from packages/api/src/webhooks/events.ts by \`npm run generate\`. Do not edit. -->

# Webhook events

The events that your endpoints can receive; [webhooks.md](webhooks.md) says how.

${markdownTable([['type', 'when', 'in `data`'], ...rows])}`;
}
