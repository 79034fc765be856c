import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, constants, open, symlink, unlink, type FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';

/** Runs one of the system's network tools to its end and returns its output. */
export type RunTool = (tool: string, args: readonly string[], input?: string) => Promise<string>;

/**
 * A tool could not be started, failed, or took too long. Its output is kept apart from the message: it can name
 * keys.
 */
export class ToolFailed extends Error {
  readonly tool: string;
  /** Undefined if it was killed or did not start. */
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

/**
 * A bound for tools that hang. On a slow host that loads nftables' modules first, the rules alone took more than 10
 * s.
 */
const TIMEOUT_MS = 60_000;
/** 2^20 peers with two allowed IPs each are some 100 MB of text. */
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/**
 * Starts tools from the system's own folders, without the agent's environment and without a shell. `enter` goes
 * before each command, to run it elsewhere: `['ip', 'netns', 'exec', name]`.
 * @param nftName the name of the `nft` processes; only without `enter`, which would start them after the link is
 * gone
 */
export function createToolRunner(enter: readonly string[] = [], nftName?: string): RunTool {
  return async (tool, args, input) => {
    const start = (file: string, from?: FileHandle) => run(tool, [...enter, file, ...args], from);
    const begin = (from?: FileHandle) =>
      tool === 'nft' && nftName !== undefined
        ? startAs(nftName, tool, (file) => ({ ended: start(file, from) })).then(({ ended }) => ended)
        : start(tool, from);
    if (input === undefined) return begin();
    const file = await openInMemory(input);
    try {
      return await begin(file);
    } finally {
      await file.close();
    }
  };
}

/**
 * Puts the text in an unnamed file in memory. Node.js gives a child a socket as its pipe, and `wg addconf` opens
 * its standard input by a path, which a socket does not allow. The path is in /proc, because not every machine has
 * the link /dev/stdin.
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

/**
 * A name for the processes of one agent. The kernel reports the id and name of the process that changed its rules.
 * In a container the id differs from the one known inside; the name is the same everywhere. The kernel keeps 15
 * characters of it.
 */
export const newProcessName = (): string => `cvault-${randomBytes(4).toString('hex')}`;

/** A process is named after the started file, so this is a link to the tool, removed as soon as the tool runs. */
async function startAs<T>(name: string, tool: string, start: (file: string) => T): Promise<T> {
  const link = `/dev/shm/${name}${randomBytes(12).toString('hex')}`;
  await symlink(await pathOf(tool), link);
  try {
    return start(link);
  } finally {
    await unlink(link);
  }
}

async function pathOf(tool: string): Promise<string> {
  for (const folder of ENVIRONMENT.PATH.split(':')) {
    const path = `${folder}/${tool}`;
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  throw new ToolFailed(tool, undefined, '');
}

function run(tool: string, command: readonly string[], input: FileHandle | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const [file = tool, ...args] = command;
    const child = spawn(file, args, {
      env: ENVIRONMENT,
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
      stdio: [input?.fd ?? 'ignore', 'pipe', 'pipe'],
    });
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

/** Collects a tool's output. `stop` is called if the output exceeds the limit. */
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
