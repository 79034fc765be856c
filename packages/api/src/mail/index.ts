export type { MailQueue } from './delivery.ts';
export type { Mailer } from './mail.ts';
export { createMailer } from './mailer.ts';
export type { WiredMail } from './wiring.ts';
