import { spawn } from 'node:child_process';
import { Failure } from './failure.ts';

/** The options of ssh's own that are handed on to it as they are. */
export interface SshOptions {
  readonly port?: string | undefined;
  readonly identity?: string | undefined;
  readonly configFile?: string | undefined;
  readonly options?: readonly string[] | undefined;
}

export interface SshTarget {
  /** As the operator wrote it: `root@vpn.example.com`, or an alias of their ssh configuration. */
  readonly destination: string;
  readonly options: SshOptions;
}

/** Where ssh itself would go: aliases, ports and users of the operator's configuration are resolved by it. */
export interface ResolvedTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

/** @throws Failure */
export function checkDestination(destination: string): string {
  // What begins with a hyphen is an option to ssh; the rest is its own to judge.
  if (/^-|[\s\p{Cc}]/u.test(destination) || destination === '') {
    throw new Failure(
      `${JSON.stringify(destination)} is no destination for ssh; write it as root@vpn.example.com`,
    );
  }
  return destination;
}

/** @throws Failure */
export async function resolveTarget(target: SshTarget): Promise<ResolvedTarget> {
  const { code, stdout, stderr } = await ssh(target, ['-G'], [], '', 'capture');
  if (code !== 0) throw new Failure(`ssh does not understand ${target.destination}: ${stderr.trim()}`);
  const settings = new Map(stdout.split('\n').map((line) => line.split(/ (.*)/s, 2) as [string, string]));
  return {
    host: settings.get('hostname') ?? '',
    port: Number(settings.get('port')),
    user: settings.get('user') ?? '',
  };
}

/**
 * Runs a script as root on the other side, with the operator's own ssh, keys and known_hosts; answers what it printed.
 * Its progress goes to this terminal.
 * @throws Failure
 */
export async function runScript(target: SshTarget, user: string, script: string): Promise<string> {
  const shell = user === 'root' ? ['sh', '-s'] : ['sudo', '-n', 'sh', '-s'];
  const { code, stdout } = await ssh(target, ['-T'], shell, script, 'show');
  if (code === 255)
    throw new Failure(`ssh could not run the installation on ${target.destination} (see above)`);
  if (code !== 0) throw new Failure(`the installation on ${target.destination} failed (see above)`);
  return stdout;
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function ssh(
  { destination, options }: SshTarget,
  mode: readonly string[],
  command: readonly string[],
  input: string,
  errors: 'show' | 'capture',
): Promise<Ended> {
  const flags = [
    ...(options.configFile === undefined ? [] : ['-F', options.configFile]),
    ...(options.identity === undefined ? [] : ['-i', options.identity]),
    ...(options.port === undefined ? [] : ['-p', options.port]),
    ...(options.options ?? []).flatMap((option) => ['-o', option]),
  ];
  return new Promise((resolve, reject) => {
    const child = spawn('ssh', [...mode, ...flags, '--', checkDestination(destination), ...command], {
      stdio: ['pipe', 'pipe', errors === 'show' ? 'inherit' : 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    // ssh that ends before it has read everything: how it ended says all there is to say.
    child.stdin?.on('error', () => undefined);
    child.once('error', (cause) =>
      reject(new Failure('ssh could not be started; is OpenSSH’s client installed?', { cause })),
    );
    child.once('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin?.end(input);
  });
}
