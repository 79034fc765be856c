import pg from 'pg';
import { applyFunctions } from './functions.ts';
import { applyMigrations } from './migrations.ts';
import { sessionOf } from './session.ts';

/** Any constant that nothing else in the database uses. */
const MIGRATION_LOCK = 4_211_207_001n;

/** The changes that a start made in the database. */
export interface Migrated {
  /** The migrations that were applied, in order. */
  readonly migrations: readonly string[];
  /** Whether functions and triggers were replaced. */
  readonly functions: boolean;
}

/**
 * Brings the database to the newest migration, and to the functions and triggers of this build. Replicas that start together
 * wait for each other on an advisory lock, which PostgreSQL releases if its holder dies.
 */
export async function migrate(databaseUrl: string): Promise<Migrated> {
  const db = new pg.Client({ ...sessionOf(databaseUrl), application_name: 'cvault migrate' });
  db.on('error', () => undefined);
  await db.connect();
  try {
    await db.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const migrations = await applyMigrations(db);
    return { migrations, functions: await applyFunctions(db) };
  } finally {
    await db.end();
  }
}
