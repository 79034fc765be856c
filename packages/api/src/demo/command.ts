import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Runs one program with its arguments, without a shell; answers what it printed. */
export async function run(command: string, ...args: string[]): Promise<string> {
  try {
    return (await execute(command, args)).stdout;
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim() ?? '';
    throw new Error(`${command} ${args.slice(0, 4).join(' ')}… failed: ${said}`, { cause });
  }
}

/** The same, with text for its standard input: how secrets and rules are handed over. */
export async function runWithInput(input: string, command: string, ...args: string[]): Promise<string> {
  const running = execute(command, args);
  running.child.stdin?.end(input);
  return (await running).stdout;
}

/** Runs it and ignores its failure: for taking away what may not be there. */
export async function attempt(command: string, ...args: string[]): Promise<void> {
  await execute(command, args).catch(() => undefined);
}
