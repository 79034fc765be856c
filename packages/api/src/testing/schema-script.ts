import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PRISMA_FOLDER } from '../platform/db/prisma-folder.ts';
import { withSchemaEngine } from './schema-engine.ts';

/** The text of prisma/schema.prisma. */
export async function readDatamodel(): Promise<string> {
  return readFile(join(PRISMA_FOLDER, 'schema.prisma'), 'utf8');
}

/**
 * The SQL that turns one Prisma schema into another.
 * @param databaseUrl any database: the engine needs a connection, but changes nothing
 * @param from null: an empty database
 */
export async function schemaScript(databaseUrl: string, from: string | null, to: string): Promise<string> {
  const asTarget = (content: string) => ({
    tag: 'schemaDatamodel' as const,
    files: [{ path: 'schema.prisma', content }],
  });
  const { stdout } = await withSchemaEngine(databaseUrl, to, (engine) =>
    engine.diff({
      from: from === null ? { tag: 'empty' } : asTarget(from),
      to: asTarget(to),
      script: true,
      exitCode: null,
      filters: { externalTables: [], externalEnums: [] },
    }),
  );
  return stdout ?? '';
}

/** The migrations that Prisma's own engine would still apply, and applies: what a build before ours does at its start. */
export async function applyWithPrisma(databaseUrl: string): Promise<string[]> {
  const baseDir = join(PRISMA_FOLDER, 'migrations');
  const entries = await readdir(baseDir, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const textOf = (...path: string[]) => readFile(join(baseDir, ...path), 'utf8');
  const migrationsList = {
    baseDir,
    shadowDbInitScript: '',
    lockfile: { path: 'migration_lock.toml', content: await textOf('migration_lock.toml') },
    migrationDirectories: await Promise.all(
      names.sort().map(async (path) => ({
        path,
        migrationFile: {
          path: 'migration.sql',
          content: { tag: 'ok' as const, value: await textOf(path, 'migration.sql') },
        },
      })),
    ),
  };
  const { appliedMigrationNames } = await withSchemaEngine(databaseUrl, null, (engine) =>
    engine.applyMigrations({ migrationsList, filters: { externalTables: [], externalEnums: [] } }),
  );
  return appliedMigrationNames;
}
