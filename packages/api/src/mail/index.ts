export { deliverMails } from './deliver-mails.job.ts';
export { type PostOffice, createPostOffice } from './delivery.ts';
export type { MailPurpose, Mailer } from './mail.ts';
export { createMailer } from './mailer.ts';
export { createMailOutbox } from './store.ts';
