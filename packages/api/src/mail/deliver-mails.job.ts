import type { Items } from '../platform/jobs/items.ts';
import type { Job } from '../platform/jobs/job.ts';
import type { PostOffice } from './delivery.ts';

/** How late a mail may go out. */
const EVERY_MS = 1_000;

export const deliverMails = (mails: Pick<PostOffice, 'deliverDue'>) =>
  ({
    name: 'deliver mails',
    everyMs: EVERY_MS,
    run: async (items: Items) => ({ mails: await mails.deliverDue(items) }),
  }) satisfies Job;
