import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../postgres/embedded.ts';
import { migrate } from '../postgres/migrate.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A URL with the rights to make databases. */
    postgresUrl: string;
  }
}

export const TEMPLATE = 'cvault_template';

/**
 * Once per test run: a real PostgreSQL (TEST_DATABASE_URL, or our own with fsync off), and in it a migrated database
 * that every test file copies.
 */
export default async function setup(project: TestProject) {
  const given = process.env['TEST_DATABASE_URL'];
  const folder = await mkdtemp(join(tmpdir(), 'cvault-test-pg-'));
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
  };
}

export function urlOfDatabase(adminUrl: string, name: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}
