import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../platform/db/embedded.ts';
import { migrate } from '../platform/db/migrate.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A URL with the right to create databases. */
    postgresUrl: string;
  }
}

export const TEMPLATE = 'cvault_template';
const REAPER = fileURLToPath(new URL('postgres-reaper.mjs', import.meta.url));

/**
 * Stops the PostgreSQL in a folder, and removes the folder, when this process is gone. Returns a function that
 * cancels this.
 */
export function reapWhenGone(folder: string): () => void {
  // In its own session, so that killing the process group does not kill it first.
  const reaper = spawn(process.execPath, [REAPER, folder], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  reaper.unref();
  reaper.stdin.on('error', () => undefined);
  return () => void reaper.stdin.end('in order');
}

const LOOK_MS = 500;

/** Under `npm test`, ends this process and its workers if `npm test` was killed. */
function endWithParent(): void {
  if (process.env['CVAULT_TEST_SUMMARY'] === undefined) return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.kill(-process.pid, 'SIGKILL');
  }, LOOK_MS).unref();
}

/**
 * Once per test run: a real PostgreSQL (TEST_DATABASE_URL, or our own without fsync) and a migrated template
 * database that every test file copies.
 */
export default async function setup(project: TestProject) {
  endWithParent();
  const given = process.env['TEST_DATABASE_URL'];
  const folder = await mkdtemp(join(tmpdir(), 'cvault-test-pg-'));
  const stopReaping = reapWhenGone(folder);
  const own = given === undefined ? await startEmbeddedPostgres(folder, { fsync: 'off' }) : null;
  const adminUrl = given ?? own!.url.reveal();
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  await admin.query(`DROP DATABASE IF EXISTS ${TEMPLATE}`);
  await admin.query(`CREATE DATABASE ${TEMPLATE}`);
  await admin.end();
  await migrate(urlOfDatabase(adminUrl, TEMPLATE));
  project.provide('postgresUrl', adminUrl);
  return async () => {
    await own?.stop();
    await rm(folder, { recursive: true, force: true });
    stopReaping();
  };
}

export function urlOfDatabase(adminUrl: string, name: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}
