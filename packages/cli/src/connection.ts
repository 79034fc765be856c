import { createCVaultClient, type CVaultClient } from '@cvault/sdk';
import { EXIT, Failure } from './failure.ts';

/** The API's address and the operator's key. */
export interface Connection {
  readonly baseUrl: string;
  readonly adminKey: string;
}

export interface ConnectionSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** @throws if the file cannot be read */
  readonly readFile: (path: string) => string;
}

/**
 * Uses CVAULT_URL and CVAULT_ADMIN_KEY (or CVAULT_ADMIN_KEY_FILE), or else a demo running in this folder. The key
 * is never a command-line option, because everybody on the machine can see those.
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
        'in the folder of a demo that is running, with the CVAULT_DATA_DIR that it has, if any.',
      { exitCode: EXIT.usage },
    );
  }
  return { baseUrl: checkBaseUrl(baseUrl), adminKey: checkAdminKey(adminKey) };
}

/** A client that accepts only answers of CVault. */
export function connect({ baseUrl, adminKey }: Connection): CVaultClient {
  const client = createCVaultClient({ baseUrl, adminKey });
  client.use({
    onResponse({ response }) {
      const isJson = response.headers.get('content-type')?.includes('json') === true;
      if (response.ok && response.status !== 204 && !isJson) {
        throw new Failure(`what answers at ${baseUrl} is not CVault’s API; check CVAULT_URL`, {
          exitCode: EXIT.unreachable,
        });
      }
    },
  });
  return client;
}

/** @throws Failure */
function checkBaseUrl(text: string): string {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : null;
  const isPlain =
    url !== null &&
    ['http:', 'https:'].includes(url.protocol) &&
    [url.username, url.password, url.search, url.hash].every((part) => part === '');
  if (!isPlain) {
    // Not repeated, since it may contain a password.
    const shown = text.includes('@') ? 'what CVAULT_URL says' : JSON.stringify(text);
    throw new Failure(
      `${shown} is no address of an API. Set CVAULT_URL as in https://vpn.example.com or http://127.0.0.1:3000`,
      { exitCode: EXIT.usage },
    );
  }
  return url.href.replace(/\/+$/, '');
}

/** @throws Failure if the key cannot be sent in a header */
function checkAdminKey(text: string): string {
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  throw new Failure(
    'the admin key has characters that no key has: a line break or a blank, perhaps. It looks like cv_admin_…',
    { exitCode: EXIT.usage },
  );
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
    throw new Failure(`CVAULT_ADMIN_KEY_FILE cannot be read: ${file}`, { exitCode: EXIT.usage, cause });
  }
}
