import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MigrationList } from '@prisma/schema-engine-wasm';
import pg from 'pg';
import { withSchemaEngine } from './schema-engine.ts';
import { sessionOf } from './session.ts';

/** Valid from src/ and dist/, which have the same depth. */
const PRISMA_FOLDER = fileURLToPath(new URL('../../../prisma/', import.meta.url));

/** Any constant that nothing else in the database uses. */
const MIGRATION_LOCK = 4_211_207_001n;

/** Reads prisma/migrations for Prisma's engine. */
async function readMigrations(): Promise<MigrationList> {
  const baseDir = join(PRISMA_FOLDER, 'migrations');
  const entries = await readdir(baseDir, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return {
    baseDir,
    shadowDbInitScript: '',
    lockfile: {
      path: 'migration_lock.toml',
      content: await readFile(join(baseDir, 'migration_lock.toml'), 'utf8'),
    },
    migrationDirectories: await Promise.all(
      names.sort().map(async (name) => ({
        path: name,
        migrationFile: {
          path: 'migration.sql',
          content: {
            tag: 'ok' as const,
            value: await readFile(join(baseDir, name, 'migration.sql'), 'utf8'),
          },
        },
      })),
    ),
  };
}

/** Reads prisma/schema.prisma. */
export async function readDatamodel(): Promise<string> {
  return readFile(join(PRISMA_FOLDER, 'schema.prisma'), 'utf8');
}

/**
 * Migrates the database and returns the names of the applied migrations. Replicas that start together wait for each
 * other on an advisory lock, which PostgreSQL releases if its holder dies.
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const lock = new pg.Client({ ...sessionOf(databaseUrl), application_name: 'cvault migrate' });
  lock.on('error', () => undefined);
  await lock.connect();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const migrationsList = await readMigrations();
    const { appliedMigrationNames } = await withSchemaEngine(databaseUrl, null, (engine) =>
      engine.applyMigrations({ migrationsList, filters: { externalTables: [], externalEnums: [] } }),
    );
    return appliedMigrationNames;
  } finally {
    await lock.end();
  }
}
