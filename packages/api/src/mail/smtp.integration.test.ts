import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { Secret } from '../platform/crypto/secret.ts';
import { SMTPServer } from 'smtp-server';
import { afterEach, expect, test } from 'vitest';
import { createSmtpMailer } from './smtp.ts';

interface Received {
  readonly recipients: readonly string[];
  readonly text: string;
}

const running: SMTPServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await new Promise<void>((done) => server.close(() => done()));
});

async function mailServer(options: ConstructorParameters<typeof SMTPServer>[0] = {}) {
  const received: Received[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      void buffer(stream).then((bytes) => {
        received.push({
          recipients: session.envelope.rcptTo.map(({ address }) => address),
          // Long headers continue on the next line.
          text: bytes.toString('utf8').replace(/\r\n[ \t]+/g, ' '),
        });
        done();
      });
    },
    ...options,
  });
  running.push(server);
  server.on('error', () => undefined);
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  return { received, port: (listening.address() as AddressInfo).port };
}

const mailerTo = (url: string) => createSmtpMailer({ url: new Secret(url), from: 'no-reply@cvault.test' });
const MAIL = { to: 'jane@example.com', fromName: 'Acme', subject: 'Hello', text: 'A text.\n' };

test('a mail arrives unchanged, with the tenant’s name and the platform’s address', async () => {
  const { received, port } = await mailServer();
  const mailer = mailerTo(`smtp://127.0.0.1:${port}`);
  await mailer.send({ ...MAIL, fromName: 'Zoë, "Vögel" & Co' });
  mailer.close();
  expect(received).toHaveLength(1);
  expect(received[0]?.recipients).toEqual(['jane@example.com']);
  expect(received[0]?.text).toMatch(/^From: =\?UTF-8\?.* <no-reply@cvault\.test>$/m);
  expect(received[0]?.text).toMatch(/^Content-Type: text\/plain; charset=utf-8$/m);
  expect(received[0]?.text).toMatch(/^Auto-Submitted: auto-generated$/im);
  expect(received[0]?.text).toContain('\r\n\r\nA text.');
});

test.each(['r&d@example.com', "o'brien+vpn/eu=1@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"])(
  'a mail to %s has that one recipient',
  async (to) => {
    const { received, port } = await mailServer();
    const mailer = mailerTo(`smtp://127.0.0.1:${port}`);
    await mailer.send({ ...MAIL, to });
    mailer.close();
    expect(received.map(({ recipients }) => recipients)).toEqual([[to]]);
  },
);

test('no input creates a second recipient, header or part', async () => {
  const { received, port } = await mailServer();
  const mailer = mailerTo(`smtp://127.0.0.1:${port}`);
  const evil = 'x\r\nBcc: evil@example.com\r\nX-Evil: 1\r\n\r\n<b>evil</b>';
  await mailer.send({ ...MAIL, fromName: evil, subject: evil });
  await mailer.send({ ...MAIL, text: 'line\r\n.\r\nMAIL FROM:<evil@example.com>\r\n' });
  await mailer.send({ ...MAIL, to: 'jane@example.com, evil@example.com' }).catch(() => undefined);
  await mailer.send({ ...MAIL, to: 'jane@example.com>\r\nRCPT TO:<evil@example.com' }).catch(() => undefined);
  mailer.close();
  expect(received.length).toBeGreaterThanOrEqual(2);
  for (const { recipients, text } of received) {
    expect(recipients).not.toContain('evil@example.com');
    const [head = ''] = text.split('\r\n\r\n', 1);
    expect(head).not.toMatch(/^(bcc|x-evil):/im);
  }
});

test('with a user and a password it signs in; a wrong one fails', async () => {
  const { received, port } = await mailServer({
    authOptional: false,
    authMethods: ['PLAIN', 'LOGIN'],
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) =>
      username === 'cvault' && password === 'p@ss/word'
        ? done(null, { user: username })
        : done(new Error('no')),
  });
  const right = mailerTo(`smtp://cvault:${encodeURIComponent('p@ss/word')}@127.0.0.1:${port}`);
  await right.send(MAIL);
  right.close();
  const wrong = mailerTo(`smtp://cvault:wrong@127.0.0.1:${port}`);
  await expect(wrong.send(MAIL)).rejects.toThrow();
  wrong.close();
  expect(received).toHaveLength(1);
});

test('with smtps, a mail server without a trusted certificate gets nothing', async () => {
  // It uses its package's self-signed certificate.
  const { received, port } = await mailServer({ secure: true });
  const mailer = mailerTo(`smtps://127.0.0.1:${port}`);
  await expect(mailer.send(MAIL)).rejects.toThrow(/certificate/);
  mailer.close();
  expect(received).toEqual([]);
});

test('a mail fails if the mail server refuses or is missing', async () => {
  const { port } = await mailServer({
    onRcptTo: (_address, _session, done) => done(new Error('no such mailbox')),
  });
  const mailer = mailerTo(`smtp://127.0.0.1:${port}`);
  await expect(mailer.send(MAIL)).rejects.toThrow();
  mailer.close();
  const nobody = mailerTo('smtp://127.0.0.1:1');
  await expect(nobody.send(MAIL)).rejects.toThrow();
  nobody.close();
});
