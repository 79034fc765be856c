import { createCVaultClient, type CVaultClient } from '@cvault/sdk';
import { Failure } from './failure.ts';

/** Where the API is, and the operator's key for it. */
export interface Connection {
  readonly baseUrl: string;
  readonly adminKey: string;
}

export interface ConnectionSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** @throws where the file cannot be read */
  readonly readFile: (path: string) => string;
}

/**
 * CVAULT_URL and CVAULT_ADMIN_KEY (or CVAULT_ADMIN_KEY_FILE), else those of a demo that runs in this folder. The key is
 * never an option: those are seen by everybody on the machine.
 * @throws Failure
 */
export function findConnection({ environment, readFile }: ConnectionSources): Connection {
  const demo = readDemo(environment, readFile);
  const keyFile = environment['CVAULT_ADMIN_KEY_FILE'];
  const baseUrl = environment['CVAULT_URL'] || demo?.baseUrl;
  const adminKey = environment['CVAULT_ADMIN_KEY'] || (keyFile ? readKey(keyFile, readFile) : demo?.adminKey);
  if (!baseUrl || !adminKey) {
    throw new Failure(
      'I do not know which API to call. Set CVAULT_URL to its address and CVAULT_ADMIN_KEY to the admin key, or run this ' +
        'in the folder of a demo that is running.',
    );
  }
  return { baseUrl, adminKey };
}

export function connect({ baseUrl, adminKey }: Connection): CVaultClient {
  return createCVaultClient({ baseUrl, adminKey });
}

function readDemo(
  environment: ConnectionSources['environment'],
  readFile: ConnectionSources['readFile'],
): Partial<Connection> | null {
  try {
    return JSON.parse(
      readFile(`${environment['CVAULT_DATA_DIR'] || '.cvault'}/demo.json`),
    ) as Partial<Connection>;
  } catch {
    return null;
  }
}

function readKey(file: string, readFile: ConnectionSources['readFile']): string {
  try {
    return readFile(file).trim();
  } catch (cause) {
    throw new Failure(`CVAULT_ADMIN_KEY_FILE cannot be read: ${file}`, { cause });
  }
}
