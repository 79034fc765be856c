import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Secret } from '../../packages/api/src/platform/crypto/secret.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../packages/api/src/platform/db/embedded.ts';
import { migrate } from '../../packages/api/src/platform/db/migrate.ts';
import { reapWhenGone } from '../../packages/api/src/testing/postgres-server.ts';
import { until } from './until.ts';

/** A PostgreSQL with durable commits that can be killed and restarted on its port. */
export interface CrashingPostgres {
  readonly url: Secret<string>;
  /** kill -9 of its first process, which ends the others too. */
  kill(): Promise<void>;
  isRunning(): boolean;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

async function freePort(): Promise<string> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return String(port);
}

/** @param folder its files, which are not deleted at the end */
export async function startCrashingPostgres(
  folder: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<CrashingPostgres> {
  const given = { ...settings, port: await freePort() };
  const stopReaping = reapWhenGone(folder);
  let postgres: EmbeddedPostgres = await startEmbeddedPostgres(folder, given);
  await migrate(postgres.url.reveal());
  const isRunning = () => {
    try {
      process.kill(postgres.pid, 0);
      return true;
    } catch {
      return false;
    }
  };
  return {
    url: postgres.url,
    isRunning,
    async kill() {
      process.kill(postgres.pid, 'SIGKILL');
      await until('it has ended', () => Promise.resolve(!isRunning()));
    },
    async restart() {
      // The killed server's shared memory stays in use until its last process has noticed.
      postgres = await until('PostgreSQL starts again', () => startEmbeddedPostgres(folder, given));
    },
    async stop() {
      if (isRunning()) await postgres.stop();
      stopReaping();
    },
  };
}
