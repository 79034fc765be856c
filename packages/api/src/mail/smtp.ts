import type { Secret } from '../platform/crypto/secret.ts';
import type { Mailer } from './mail.ts';
import { createTransport } from 'nodemailer';

/** All of it together stays below the time that a mail is claimed for. */
const CONNECT_MS = 10_000;
const ANSWER_MS = 20_000;
const CONNECTIONS = 3;

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

export interface SmtpOptions {
  /** `smtps://user:password@host:465`, or `smtp://…` for STARTTLS, without which nothing is sent but to this machine. */
  readonly url: Secret<string>;
  /** The address that mails come from. */
  readonly from: string;
}

export interface ClosableMailer extends Mailer {
  close(): void;
}

/** Hands mails to a mail server. */
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
    // No part of a mail of ours is in a file or at a URL.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send({ to, fromName, subject, text }) {
      await transport.sendMail({
        from: { name: fromName, address: from },
        // As an object: it is one address, whatever is in it.
        to: { name: '', address: to },
        subject,
        text,
        // Nobody answers for an absent user (RFC 3834).
        headers: { 'auto-submitted': 'auto-generated' },
      });
    },
    close: () => transport.close(),
  };
}
