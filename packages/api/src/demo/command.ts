import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Runs a program without a shell and returns its output. */
export async function run(command: string, ...args: string[]): Promise<string> {
  try {
    return (await execute(command, args)).stdout;
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim() ?? '';
    throw new Error(`${command} ${args.slice(0, 4).join(' ')}… failed: ${said}`, { cause });
  }
}

/** The same with text on standard input, for secrets and rules. */
export async function runWithInput(input: string, command: string, ...args: string[]): Promise<string> {
  const running = execute(command, args);
  running.child.stdin?.end(input);
  return (await running).stdout;
}

/** Runs a program and ignores its failure, to remove things that may not exist. */
export async function attempt(command: string, ...args: string[]): Promise<void> {
  await execute(command, args).catch(() => undefined);
}
