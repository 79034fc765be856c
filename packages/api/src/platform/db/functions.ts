/** Applies the functions and triggers of the database: prisma/functions and prisma/triggers. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { PRISMA_FOLDER } from './prisma-folder.ts';

/** Triggers call functions, so functions come first. */
const FOLDERS = ['functions', 'triggers'];

/**
 * A trigger is replaced under a lock that lets nobody write to its table, and whoever comes behind this transaction waits with it. So it gives
 * way to a long transaction of others, and tries again.
 */
const LOCK_WAIT = '2s';
const ATTEMPTS = 30;
const PAUSE_MS = 500;
/** lock_not_available, deadlock_detected */
const GIVE_WAY = new Set(['55P03', '40P01']);

/** The script of all files, and the hash that names this set of them. */
export async function readFunctions(): Promise<{ script: string; hash: string }> {
  const scripts: string[] = [];
  const hash = createHash('sha256');
  for (const folder of FOLDERS) {
    for (const file of (await readdir(join(PRISMA_FOLDER, folder))).sort()) {
      const script = await readFile(join(PRISMA_FOLDER, folder, file), 'utf8');
      scripts.push(script);
      hash.update(`${folder}/${file}\n${script}\n`);
    }
  }
  return { script: scripts.join('\n'), hash: hash.digest('hex') };
}

/** The hashes of all sets that there were, oldest first: prisma/functions.sha256. */
export async function readHistory(): Promise<string[]> {
  return (await readFile(join(PRISMA_FOLDER, 'functions.sha256'), 'utf8')).trim().split('\n');
}

/** The newest set that the database has, and whether a migration came after it: its columns belong into the triggers of the audit log. */
const STATE = `
SELECT hash, applied_at < (SELECT max(finished_at) FROM _prisma_migrations) AS "isBehind"
FROM applied_functions ORDER BY applied_at DESC LIMIT 1`;

const NOTE = `
INSERT INTO applied_functions (hash, applied_at) VALUES ($1, clock_timestamp())
ON CONFLICT (hash) DO UPDATE SET applied_at = excluded.applied_at`;

/**
 * Applies the set of this build, unless the database has it, or one that this build does not know: a newer build runs already, and
 * an old replica that is started again must not undo it.
 * @returns whether anything was applied
 */
export async function applyFunctions(db: pg.Client): Promise<boolean> {
  const { script, hash } = await readFunctions();
  const state = (await db.query<{ hash: string; isBehind: boolean }>(STATE)).rows[0];
  if (state !== undefined) {
    if (state.hash === hash && !state.isBehind) return false;
    if (state.hash !== hash && !(await readHistory()).includes(state.hash)) return false;
  }
  for (let attempt = 1; ; attempt++) {
    try {
      await db.query('BEGIN');
      // Functions may call each other whatever their order; a test creates them with the check.
      await db.query(`SET LOCAL lock_timeout = '${LOCK_WAIT}'; SET LOCAL check_function_bodies = off`);
      await db.query(script);
      await db.query(NOTE, [hash]);
      await db.query('COMMIT');
      return true;
    } catch (error) {
      await db.query('ROLLBACK').catch(() => undefined);
      const code = error instanceof pg.DatabaseError ? (error.code ?? '') : '';
      if (!GIVE_WAY.has(code) || attempt === ATTEMPTS) {
        throw new Error(
          `The functions and triggers could not be applied, and none of them changed: ${(error as Error).message}`,
          { cause: error },
        );
      }
      await sleep(PAUSE_MS);
    }
  }
}
