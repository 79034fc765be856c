import { readFileSync } from 'node:fs';
import { renderErrorsMarkdown } from './platform/http/error-pages.ts';
import { renderSettingsMarkdown } from './settings/document.ts';
import { renderWebhookEventsMarkdown } from './webhooks/document.ts';

const schema = () => readFileSync(new URL('../prisma/schema.prisma', import.meta.url), 'utf8');

/** The documents that are made from the code, each by its path in the repository. `npm run generate` writes them. */
export const DOCUMENTS: Readonly<Record<string, () => string>> = {
  'docs/errors.md': renderErrorsMarkdown,
  'docs/settings.md': () => renderSettingsMarkdown(schema()),
  'docs/webhook-events.md': renderWebhookEventsMarkdown,
};
