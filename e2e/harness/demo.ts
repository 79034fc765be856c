import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from './program.ts';
import { until } from './until.ts';

export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
/** `npm start`, as typed in the repository. */
export const NPM_START = ['npm', 'start'];
export const START_MS = 180_000;

/** The content of demo.json. */
export interface DemoFile {
  readonly baseUrl: string;
  readonly adminKey: string;
  readonly tenant: { readonly id: string; readonly name: string; readonly apiKey: string };
  readonly user: { readonly email: string; readonly password: string };
  readonly vpnServer: {
    readonly interface: string;
    readonly netns: string | null;
    readonly kind: string;
    readonly echoUrl: string | null;
    readonly echoUrl6: string | null;
  };
}

/** A start that may not complete. */
export interface Start {
  readonly child: ChildProcess;
  /** All output. */
  log(): string;
  /** The exit code; null after a signal. */
  readonly ended: Promise<number | null>;
}

export interface Demo extends DemoFile, Start {
  /** Stops it cleanly and returns its exit code. */
  stop(): Promise<number | null>;
}

/** @param command `npm start`'s command, or a part of it */
export function beginDemo(
  dataDir: string,
  command: readonly string[] = NPM_START,
  env: Readonly<Record<string, string>> = {},
): Start {
  const [file = '', ...args] = command;
  const child = spawn(file, args, {
    cwd: REPOSITORY,
    // In its own process group, so that a test can signal all of it, like a terminal.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      // npm writes to HOME, so the demo gets an empty one.
      HOME: `${dataDir}-home`,
      CVAULT_DATA_DIR: dataDir,
      CVAULT_MODE: 'demo',
      PORT: '0',
      ...env,
    },
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (log += text));
  }
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  return { child, log: () => log, ended };
}

export async function startDemo(...given: Parameters<typeof beginDemo>): Promise<Demo> {
  const start = beginDemo(...given);
  const { child, ended, log } = start;
  const stop = async () => {
    child.kill('SIGTERM');
    return ended;
  };
  try {
    const text = await until(
      'the demo is ready',
      async () => {
        if (child.exitCode !== null || child.signalCode !== null) return 'ended';
        return log().includes('CVault is ready') && readFile(join(given[0], 'demo.json'), 'utf8');
      },
      START_MS,
    );
    if (text === 'ended') throw new Error('it ended');
    return { ...(JSON.parse(text) as DemoFile), ...start, stop };
  } catch (error) {
    await stop();
    throw new Error(`the demo did not start:\n${log()}`, { cause: error });
  }
}

/** Processes whose command line or environment contains one of these names. */
async function processesOf(names: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter(
    (name) => /^\d+$/.test(name) && name !== `${process.pid}`,
  )) {
    const [command, environment] = await Promise.all(
      ['cmdline', 'environ'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
    );
    const texts = [...(command ?? '').split('\0'), ...(environment ?? '').split('\0')];
    const isOurs = names.some((name) => texts.some((text) => text.includes(name)));
    if (command !== '' && isOurs) found.push(`${pid} ${(command ?? '').replaceAll('\0', ' ')}`);
  }
  return found;
}

async function networkOf({ netns, interface: name, echoUrl }: DemoFile['vpnServer']): Promise<string[]> {
  const outputs = await Promise.all(
    [
      ['ip', 'netns', 'list'],
      ['nft', 'list', 'tables'],
      ['ip', '-o', 'link'],
      ['ip', '-o', 'address'],
    ].map(async (argv) => (await runProgram(argv)).stdout.split('\n')),
  );
  const marks = [
    netns ?? name,
    name.slice('cv-'.length),
    ...(echoUrl === null ? [] : [` ${new URL(echoUrl).hostname}/`]),
  ];
  return outputs.flat().filter((line) => marks.some((mark) => line.includes(mark)));
}

/**
 * All traces of a demo on this machine: processes, network, and files that mark it as running. Nothing of other
 * demos.
 */
export async function tracesOf(
  dataDir: string,
  { vpnServer }: Pick<DemoFile, 'vpnServer'>,
): Promise<string[]> {
  const files = ['demo.json', 'lock', 'postgres/data/postmaster.pid'].map((name) => join(dataDir, name));
  return [
    ...(await processesOf([dataDir, vpnServer.interface])),
    ...(await networkOf(vpnServer)),
    ...[...files, `/var/run/wireguard/${vpnServer.interface}.sock`].filter((path) => existsSync(path)),
    ...(await readdir(dataDir).catch(() => [])).filter((name) => name.endsWith('.new')),
  ];
}

/** Waits until nothing is left, and returns the remaining traces after a generous time. */
export async function tracesLeft(dataDir: string, demo: Pick<DemoFile, 'vpnServer'>): Promise<string[]> {
  let left: string[] = [];
  await until(
    'nothing is left',
    async () => {
      left = await tracesOf(dataDir, demo);
      return left.length === 0;
    },
    60_000,
  ).catch(() => undefined);
  return left;
}
