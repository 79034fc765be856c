/** What other nouns use of this one. */
export { type PostOffice, createPostOffice } from './mail-queue.ts';
export type { MailPurpose, Mailer } from './mail.ts';
export { createMailer } from './mailer.ts';
export { createMailOutbox } from './outbox.ts';
