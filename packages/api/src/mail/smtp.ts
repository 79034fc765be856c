import type { Secret } from '../platform/crypto/secret.ts';
import type { Mailer } from './mail.ts';
import { createTransport } from 'nodemailer';

/** All time limits together stay below the duration of a mail's claim. */
const CONNECT_MS = 10_000;
const ANSWER_MS = 20_000;
const CONNECTIONS = 3;

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

export interface SmtpOptions {
  /** `smtps://user:password@host:465`, or `smtp://…` with STARTTLS, which is required except on this machine. */
  readonly url: Secret<string>;
  /** The sender's address. */
  readonly from: string;
}

export interface ClosableMailer extends Mailer {
  close(): void;
}

/** Sends mails through a mail server. */
export function createSmtpMailer({ url, from }: SmtpOptions): ClosableMailer {
  const { protocol, hostname, port, username, password } = new URL(url.reveal());
  const secure = protocol === 'smtps:';
  const transport = createTransport({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    requireTLS: !secure && !LOOPBACK.has(hostname),
    ignoreTLS: !secure && LOOPBACK.has(hostname),
    ...(username === ''
      ? {}
      : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    pool: true,
    maxConnections: CONNECTIONS,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: ANSWER_MS,
    // No part of our mails comes from a file or URL.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send({ to, fromName, subject, text }) {
      await transport.sendMail({
        from: { name: fromName, address: from },
        // As an object, this is always one address.
        to: { name: '', address: to },
        subject,
        text,
        // Suppresses automatic replies (RFC 3834).
        headers: { 'auto-submitted': 'auto-generated' },
      });
    },
    close: () => transport.close(),
  };
}
