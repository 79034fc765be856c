import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../platform/config/config.ts';
import { createFolderMailer } from './folder.ts';
import { type ClosableMailer, createSmtpMailer } from './smtp.ts';

/** The configured mail server, or a folder in the demo; otherwise null, and no mail is sent. */
export function createMailer({ mail, mode, dataDir }: Config, log: Logger): ClosableMailer | null {
  if (mail !== null) return createSmtpMailer(mail);
  if (mode !== 'demo') return null;
  const folder = createFolderMailer(join(dataDir, 'mail'), (path) =>
    log.info({ path }, 'a mail was written'),
  );
  return { ...folder, close: () => undefined };
}
