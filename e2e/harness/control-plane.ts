import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../packages/api/dist/main.js', import.meta.url));

/** The secrets that all replicas share. */
export interface ControlPlaneSecrets {
  readonly CVAULT_MASTER_KEY: string;
  readonly CVAULT_ADMIN_KEY: string;
}

export function makeSecrets(): ControlPlaneSecrets {
  return {
    CVAULT_MASTER_KEY: randomBytes(32).toString('base64'),
    CVAULT_ADMIN_KEY: `cv_admin_${randomBytes(32).toString('base64url')}`,
  };
}

/** One API process, as in production. */
export interface ControlPlane {
  readonly baseUrl: string;
  readonly pid: number;
  /** Resolves at the process's end, however it ended. */
  readonly ended: Promise<unknown>;
  /** The log so far. */
  log(): string;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

export async function startControlPlane(
  databaseUrl: string,
  secrets: ControlPlaneSecrets,
  settings: Readonly<Record<string, string>> = {},
  nodeArguments: readonly string[] = [],
): Promise<ControlPlane> {
  const child: ChildProcess = spawn(process.execPath, [...nodeArguments, MAIN], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: databaseUrl,
      PORT: '0',
      // On a busy machine an agent exceeds the default, and a change would be answered 202.
      CVAULT_ACK_DEADLINE_MS: '20000',
      ...secrets,
      ...settings,
    },
  });
  let log = '';
  const ended = once(child, 'exit');
  const address = new Promise<string>((resolve, reject) => {
    let isReady = false;
    const read = (chunk: Buffer) => {
      log += chunk.toString();
      // Stops searching once found: searching the whole log for each chunk took longer than the requests that wrote
      // it.
      if (isReady) return;
      const ready = /"address":"([^"]+)","msg":"ready"/.exec(log);
      if (ready === null) return;
      isReady = true;
      resolve(ready[1]!);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    void ended.then(() => reject(new Error(`the control plane ended:\n${log}`)));
  });
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await ended;
    }
  };
  return {
    baseUrl: await address,
    pid: child.pid!,
    log: () => log,
    ended,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}
