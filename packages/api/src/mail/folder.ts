import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mailer } from './mail.ts';

/**
 * For the demo: writes mails into a folder instead of sending them, each into a file that only its owner can read.
 * @param onMail called for each file
 */
export function createFolderMailer(folder: string, onMail: (path: string) => void): Mailer {
  return {
    async send({ to, fromName, subject, text }) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const path = join(folder, `${new Date().toISOString().replaceAll(':', '-')}-${randomUUID()}.txt`);
      const head = Object.entries({ From: fromName, To: to, Subject: subject }).map(
        ([name, value]) => `${name}: ${value.replace(/\p{C}+/gu, ' ')}\n`,
      );
      await writeFile(`${path}.part`, `${head.join('')}\n${text}`, { mode: 0o600 });
      await rename(`${path}.part`, path);
      onMail(path);
    },
  };
}
