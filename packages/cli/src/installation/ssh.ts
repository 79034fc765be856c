import { type ChildProcess, spawn } from 'node:child_process';
import { EXIT, Failure } from '../failure.ts';

/** Options passed to ssh unchanged. */
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

/** The destination after ssh has resolved aliases, ports and users of the operator's configuration. */
export interface ResolvedTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

/** A machine without response for 15 s counts as gone. The operator's options come first and take precedence. */
const DEFAULTS = ['ConnectTimeout=15', 'ServerAliveInterval=5', 'ServerAliveCountMax=3'];

/** @throws Failure */
function checkDestination(destination: string): string {
  // A leading hyphen would be an ssh option. ssh checks the rest itself.
  if (/^-|[\s\p{Cc}]/u.test(destination) || destination === '') {
    throw new Failure(
      `${JSON.stringify(destination)} is no destination for ssh; write it as root@vpn.example.com`,
      { exitCode: EXIT.usage },
    );
  }
  return destination;
}

/** @throws Failure */
export async function resolveTarget(target: SshTarget): Promise<ResolvedTarget> {
  const { code, stdout, stderr } = await run(startSsh(target, ['-G'], [], 'capture'), '');
  if (code !== 0) throw new Failure(`ssh does not understand ${target.destination}: ${stderr.trim()}`);
  const settings = new Map(stdout.split('\n').map((line) => line.split(/ (.*)/s, 2) as [string, string]));
  return {
    host: settings.get('hostname') ?? '',
    port: Number(settings.get('port')),
    user: settings.get('user') ?? '',
  };
}

/**
 * Starts a root shell on the machine, with the operator's own ssh, keys and known_hosts. It runs its standard
 * input; its error output goes to this terminal.
 */
export function startRootShell(target: SshTarget, user: string): ChildProcess {
  const shell = user === 'root' ? ['sh', '-s'] : ['sudo', '-n', 'sh', '-s'];
  return startSsh(target, ['-T'], shell, 'show');
}

/**
 * Runs a script as root on the machine and returns its output.
 * @throws Failure
 */
export async function runScript(target: SshTarget, user: string, script: string): Promise<string> {
  const { code, stdout } = await run(startRootShell(target, user), script);
  if (code !== 0) throw failureOf(target, code);
  return stdout;
}

/** @param code ssh's exit code; null after a signal */
export function failureOf({ destination }: SshTarget, code: number | null): Failure {
  return new Failure(
    code === 255 || code === null
      ? `ssh could not run the installation on ${destination} (see above)`
      : `the installation on ${destination} failed (see above)`,
  );
}

/** Resolves at its exit. @throws Failure if it could not be started */
export function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new Failure('ssh could not be started; is OpenSSH’s client installed?', { cause })),
    );
    child.once('close', (code) => resolve(code));
  });
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(child: ChildProcess, input: string): Promise<Ended> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (text: string) => (stdout += text));
  child.stderr?.on('data', (text: string) => (stderr += text));
  child.stdin?.end(input);
  return { code: await ended(child), stdout, stderr };
}

function startSsh(
  { destination, options }: SshTarget,
  mode: readonly string[],
  command: readonly string[],
  errors: 'show' | 'capture',
): ChildProcess {
  const flags = [
    ...(options.configFile === undefined ? [] : ['-F', options.configFile]),
    ...(options.identity === undefined ? [] : ['-i', options.identity]),
    ...(options.port === undefined ? [] : ['-p', options.port]),
    ...[...(options.options ?? []), ...DEFAULTS].flatMap((option) => ['-o', option]),
  ];
  const child = spawn('ssh', [...mode, ...flags, '--', checkDestination(destination), ...command], {
    stdio: ['pipe', 'pipe', errors === 'show' ? 'inherit' : 'pipe'],
  });
  child.stdout?.setEncoding('utf8');
  child.stderr?.setEncoding('utf8');
  // If ssh ends before reading everything, its exit code is the relevant error.
  child.stdin?.on('error', () => undefined);
  return child;
}
