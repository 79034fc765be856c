import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ControlPlane, ControlPlaneSecrets } from './control-plane.ts';
import { type Ended, runProgram } from './program.ts';

const CVAULT = fileURLToPath(new URL('../../packages/cli/bin/cvault.mjs', import.meta.url));

/** The operator's command line for one control plane. */
export interface Cli {
  run(...args: string[]): Promise<Ended>;
  /** Writes the standard output into a file. */
  runInto(file: string, ...args: string[]): Promise<Ended>;
  /** Runs a command that must succeed, and returns its output. */
  must(...args: string[]): Promise<string>;
  /** Starts a command that the test interferes with. */
  start(...args: string[]): ChildProcess;
}

export function createCli(plane: Pick<ControlPlane, 'baseUrl'>, secrets: ControlPlaneSecrets): Cli {
  const env = {
    PATH: process.env['PATH'],
    CVAULT_URL: plane.baseUrl,
    CVAULT_ADMIN_KEY: secrets.CVAULT_ADMIN_KEY,
  };
  const run = (...args: string[]) =>
    runProgram([process.execPath, CVAULT, ...args], { timeoutMs: 240_000, env });
  return {
    run,
    runInto: (file, ...args) =>
      runProgram(
        ['sh', '-c', 'out=$1; shift; exec "$@" > "$out"', 'sh', file, process.execPath, CVAULT, ...args],
        { timeoutMs: 240_000, env },
      ),
    async must(...args) {
      const { status, stdout, stderr } = await run(...args);
      if (status !== 0)
        throw new Error(`cvault ${args.join(' ')} ended with ${status ?? 'a signal'}: ${stderr}`);
      return stdout.trim();
    },
    start: (...args) =>
      spawn(process.execPath, [CVAULT, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] }),
  };
}
