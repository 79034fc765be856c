import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';

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

/** For what hangs. Where a host is slow, and loads nftables' modules first, the rules alone took more than 10 s. */
const TIMEOUT_MS = 60_000;
/** 2^20 peers with two allowed IPs each are some 100 MB of text. */
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/**
 * Starts tools from the system's own folders, with nothing of the agent's environment and without a shell.
 * `enter` goes before each command, to run it elsewhere: `['ip', 'netns', 'exec', name]`.
 * @param onStart hears each process's id
 */
export function createToolRunner(
  enter: readonly string[] = [],
  onStart: (pid: number) => void = () => undefined,
): RunTool {
  return async (tool, args, input) => {
    const command = [...enter, tool, ...args];
    if (input === undefined) return run(tool, command, undefined, onStart);
    const file = await openInMemory(input);
    try {
      return await run(tool, command, file, onStart);
    } finally {
      await file.close();
    }
  };
}

/**
 * The text as a file without a name, in memory. What Node.js gives a child as a pipe is a socket, and `wg addconf`
 * opens its standard input by a path, which no socket allows. (By /proc: /dev/stdin is a link that not every machine has.)
 */
async function openInMemory(text: string): Promise<FileHandle> {
  const path = `/dev/shm/cvault-${randomBytes(16).toString('hex')}`;
  const file = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
    await file.write(text, 0);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Keeps the ids of the last processes: what the kernel tells of them may come after their end. */
export function createRecentProcesses(most = 1_000) {
  const recent = new Set<number>();
  return {
    add(pid: number): void {
      recent.delete(pid);
      recent.add(pid);
      const [oldest] = recent;
      if (recent.size > most && oldest !== undefined) recent.delete(oldest);
    },
    has: (pid: number): boolean => recent.has(pid),
  };
}

function run(
  tool: string,
  command: readonly string[],
  input: FileHandle | undefined,
  onStart: (pid: number) => void,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const [file = tool, ...args] = command;
    const child = spawn(file, args, {
      env: ENVIRONMENT,
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
      stdio: [input?.fd ?? 'ignore', 'pipe', 'pipe'],
    });
    if (child.pid !== undefined) onStart(child.pid);
    const stop = () => child.kill('SIGKILL');
    const output = collect(child.stdout, stop);
    const words = collect(child.stderr, stop);
    child.once('error', () => reject(new ToolFailed(tool, undefined, '')));
    child.once('close', (code) => {
      if (code === 0) resolve(output());
      else reject(new ToolFailed(tool, code ?? undefined, words()));
    });
  });
}

/** Gathers what a tool prints; `stop` is called where it does not end. */
function collect(stream: Readable | null, stop: () => void): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream?.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_OUTPUT_BYTES) stop();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}
