import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writePrivateFile } from './data-directory.ts';

/** Random secrets of a data directory, readable for its owner only. */
export interface DemoSecrets {
  /** Environment variables that production has to set. */
  readonly environment: Readonly<Record<'CVAULT_MASTER_KEY' | 'CVAULT_ADMIN_KEY', string>>;
  readonly userPassword: string;
  /** Null until the demo tenant's key is created. */
  readonly apiKey: string | null;
}

const fileIn = (dataDir: string) => join(dataDir, 'secrets.json');

export async function saveDemoSecrets(dataDir: string, secrets: DemoSecrets): Promise<void> {
  await writePrivateFile(fileIn(dataDir), `${JSON.stringify(secrets, null, 2)}\n`);
}

/** Reads the data directory's secrets, or creates them. */
export async function loadDemoSecrets(dataDir: string): Promise<DemoSecrets> {
  const kept = await readFile(fileIn(dataDir), 'utf8').catch(() => null);
  if (kept !== null) return JSON.parse(kept) as DemoSecrets;
  const secrets: DemoSecrets = {
    environment: {
      CVAULT_MASTER_KEY: randomBytes(32).toString('base64'),
      CVAULT_ADMIN_KEY: `cv_admin_${randomBytes(32).toString('base64url')}`,
    },
    userPassword: randomBytes(18).toString('base64url'),
    apiKey: null,
  };
  await saveDemoSecrets(dataDir, secrets);
  return secrets;
}
