import type { WiredMail } from '../mail/index.ts';
import { API } from '../platform/http/prefixes.ts';
import type { Noun } from '../platform/noun.ts';
import type { Platform } from '../platform/platform.ts';
import type { Credentials } from '../sign-in/index.ts';
import { linkRoutes } from './routes.ts';
import { createRecoveryService } from './service.ts';
import { createLinkStore } from './store.ts';

export interface MailLinksNeeds {
  readonly credentials: Pick<Credentials, 'settings' | 'passwords' | 'common'>;
  readonly mail: WiredMail;
}

export function wireMailLinks({ databases }: Platform, { credentials, mail }: MailLinksNeeds) {
  const { settings, passwords, common } = credentials;
  const links = createLinkStore(databases.requests);
  const recovery = createRecoveryService({ links, post: mail.post, settings, passwords, common });
  return { routes: (app) => void app.register(linkRoutes, { prefix: API, recovery }) } satisfies Noun;
}
