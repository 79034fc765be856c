import type { Items } from '../platform/jobs/items.ts';
import type { Job } from '../platform/jobs/job.ts';
import type { MailQueue } from './delivery.ts';

/** How late a mail may go out. */
const EVERY_MS = 1_000;

export const deliverMails = (mails: Pick<MailQueue, 'deliverDue'>) =>
  ({
    name: 'deliver mails',
    everyMs: EVERY_MS,
    run: async (items: Items) => ({ mails: await mails.deliverDue(items) }),
  }) satisfies Job;
