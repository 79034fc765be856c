import { spawn, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { mustRun, runProgram, type Ended, type ProgramOptions } from './program.ts';
import { until } from './until.ts';

/**
 * Processes with their own mounts and process ids. Ending the first process ends all of them and removes the
 * mounts, so no clean-up is needed.
 */
export interface Enclosure {
  /** A prefix that runs a command inside. */
  readonly enter: readonly string[];
  /** Runs a command inside to its end, whatever its status. */
  run(argv: readonly string[], options?: ProgramOptions): Promise<Ended>;
  /** Runs a command inside that must succeed, and returns its output. */
  must(argv: readonly string[], options?: ProgramOptions): Promise<string>;
  /** The output of the first process and of those that share its streams. */
  log(): string;
  /** Ends everything inside at once. */
  stop(): Promise<void>;
}

/**
 * Starts an enclosure: `argv` ends in `unshare --fork … script`, and the script prints a line `ready` after its
 * setup. If this process is killed, the kernel ends the enclosure.
 */
export async function startEnclosure(argv: readonly string[]): Promise<Enclosure> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...argv], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  });
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.once('error', () => undefined);
  child.stdin.on('error', () => undefined);
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (log += text));
  }
  let first: number | undefined;
  const stop = async () => {
    child.kill('SIGKILL');
    await gone;
    // The kernel ends process 1 with its parent, and all others inside with process 1.
    if (first !== undefined) await until('the enclosure is empty', () => hasEnded(first));
  };
  try {
    first = await firstProcess(child, () => log);
    const enter = ['nsenter', '--target', String(first), '--all', '--'];
    return {
      enter,
      run: (command, options) => runProgram([...enter, ...command], options),
      must: (command, options) => mustRun([...enter, ...command], options),
      log: () => log,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function hasEnded(pid: number | undefined): Promise<boolean> {
  const stat = await readFile(`/proc/${pid ?? 0}/stat`, 'utf8').catch(() => undefined);
  return stat === undefined || /\) [ZX] /.test(stat);
}

/** The only child of `unshare --fork`, which has process id 1 inside. */
async function firstProcess(child: ChildProcess, log: () => string): Promise<number> {
  const { pid } = child;
  if (pid === undefined) throw new Error('the enclosure could not be started');
  await until('the enclosure is ready', async () => {
    if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve('gone');
    return /^ready$/m.test(log());
  });
  if (child.exitCode !== null || child.signalCode !== null)
    throw new Error(`the enclosure did not start: ${log()}`);
  const [first] = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ');
  return Number(first);
}
