import { execFile } from 'node:child_process';

/** Runs one of the system's network tools to its end and answers what it printed. */
export type RunTool = (tool: string, args: readonly string[], input?: string) => Promise<string>;

/** A tool could not be started, failed, or took too long. Its words are kept apart: they can name keys. */
export class ToolFailed extends Error {
  readonly tool: string;
  /** Undefined where it did not exit by itself. */
  readonly exitCode: number | undefined;
  readonly stderr: string;

  constructor(tool: string, exitCode: number | undefined, stderr: string) {
    super(exitCode === undefined ? `${tool} could not be run` : `${tool} exited with status ${exitCode}`);
    this.name = 'ToolFailed';
    this.tool = tool;
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

const TIMEOUT_MS = 10_000;
/** 2^20 peers with two allowed IPs each are some 100 MB of text. */
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

/**
 * Starts tools from the system's own folders, with nothing of the agent's environment and without a shell.
 * `enter` goes before each command, to run it elsewhere: `['ip', 'netns', 'exec', name]`.
 */
export function createToolRunner(enter: readonly string[] = []): RunTool {
  return (tool, args, input) =>
    new Promise((resolve, reject) => {
      const [file = tool, ...rest] = [...enter, tool, ...args];
      const child = execFile(
        file,
        rest,
        {
          env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
          timeout: TIMEOUT_MS,
          killSignal: 'SIGKILL',
          maxBuffer: MAX_OUTPUT_BYTES,
          encoding: 'utf8',
        },
        (error, stdout, stderr) => {
          if (error === null) resolve(stdout);
          else reject(new ToolFailed(tool, typeof error.code === 'number' ? error.code : undefined, stderr));
        },
      );
      // A tool that ends before it has read its input: how it ended says all there is to say.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input);
    });
}
