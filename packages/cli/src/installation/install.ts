import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { type components, type CVaultClient, CVaultUnreachable } from '@cvault/sdk';
import { Failure } from '../failure.ts';
import { ended, failureOf, type SshTarget, startRootShell } from './ssh.ts';

type Activation = components['schemas']['ActivateServer'];

/** Covers a restart of the API. Shorter than the machine's own wait (install.sh). */
const API_WAIT_MS = 60_000;
const API_RETRY_MS = 1_000;
/** The machine undoes the installation when its standard input ends, so ssh must end cleanly. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Installation {
  readonly target: SshTarget;
  readonly user: string;
  readonly script: string;
}

/**
 * Runs an installation atomically: it is kept only after `take` has succeeded. If anything fails before, or this
 * process ends, the machine undoes it.
 * @param take receives the installation's result
 * @throws Failure, and anything that `take` throws
 */
export async function runInstallation(
  { target, user, script }: Installation,
  take: (result: Activation) => Promise<void>,
): Promise<void> {
  const child = startRootShell(target, user);
  const stop = () => child.kill('SIGTERM');
  for (const signal of SIGNALS) process.on(signal, stop);
  try {
    const end = ended(child);
    // Handled below; this prevents an unhandled rejection.
    end.catch(() => undefined);
    child.stdin?.write(`CVAULT_CONFIRM='yes'\n${script}`);
    const printed = await Promise.race([firstLine(child), end.then(() => null)]);
    if (printed === null) throw failureOf(target, await end);
    try {
      await take(readResult(printed));
    } catch (error) {
      child.stdin?.end('undo\n');
      await end;
      throw error;
    }
    child.stdin?.end('keep\n');
    const code = await end;
    if (code !== 0) throw failureOf(target, code);
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
    child.stdin?.end();
  }
}

/**
 * Makes the API connect with the printed keys and pin them. The call is idempotent, so a lost answer is retried.
 * @throws CVaultProblem, CVaultUnreachable
 */
export async function activate(api: CVaultClient, id: string, body: Activation): Promise<void> {
  const until = performance.now() + API_WAIT_MS;
  for (;;) {
    try {
      await api.POST('/api/v1/admin/servers/{id}/activate', { params: { path: { id } }, body });
      return;
    } catch (error) {
      if (!(error instanceof CVaultUnreachable) || performance.now() > until) throw error;
      await sleep(API_RETRY_MS);
    }
  }
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    child.stdout?.on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end !== -1) resolve(text.slice(0, end));
    });
  });
}

/** Parses the JSON line that the installation prints. */
function readResult(printed: string): Activation {
  try {
    const { interfacePublicKey, hostKeys } = JSON.parse(printed) as Activation;
    return { interfacePublicKey, hostKeys, replaceKey: false };
  } catch (cause) {
    throw new Failure(
      'the installation did not say what it made: something else answered, or it was cut off',
      { cause },
    );
  }
}
