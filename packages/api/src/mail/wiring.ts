import { createLinkStore } from '../mail-links/index.ts';
import type { Database } from '../platform/db/database.ts';
import type { Noun } from '../platform/noun.ts';
import type { Platform } from '../platform/platform.ts';
import { type Credentials, createSignInSettingsStore, createTryStore } from '../sign-in/index.ts';
import { deliverMails } from './deliver-mails.job.ts';
import { createMailQueue } from './delivery.ts';
import type { Mailer } from './mail.ts';
import { createMailOutbox } from './outbox.ts';

export interface MailNeeds {
  /** Null: no mail is sent. */
  readonly mailer: Mailer | null;
  readonly credentials: Pick<Credentials, 'pseudonym'>;
}

export function wireMail({ databases, vault, log }: Platform, { mailer, credentials }: MailNeeds) {
  const postOn = (database: Database) =>
    createMailQueue({
      outbox: createMailOutbox(database),
      links: createLinkStore(database),
      settings: createSignInSettingsStore(database),
      tries: createTryStore(database),
      pseudonym: credentials.pseudonym,
      vault,
      mailer,
      onFailure: (mail, error, last) =>
        log[last ? 'error' : 'warn']({ ...mail, err: error }, 'a mail was not delivered'),
    });
  return {
    post: postOn(databases.requests),
    jobs: [deliverMails(postOn(databases.jobs))],
  } satisfies Noun;
}

export type WiredMail = ReturnType<typeof wireMail>;
