/**
 * packages/api/prisma/migrations.sha256 has the hash of each committed migration, because a database runs each one once.
 * functions.sha256 has the hashes of all sets of functions and triggers, in order, so that a build can recognize an older
 * set. Lines are added, never changed.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './prepare.mjs';

const PRISMA = join(ROOT, 'packages/api/prisma');

/** Adds lines for migrations without one. */
export function addMigrationHashes() {
  const file = join(PRISMA, 'migrations.sha256');
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  const known = new Set(lines.map((line) => line.split('  ')[1]));
  for (const entry of readdirSync(join(PRISMA, 'migrations'), { withFileTypes: true })) {
    if (!entry.isDirectory() || known.has(entry.name)) continue;
    const script = readFileSync(join(PRISMA, 'migrations', entry.name, 'migration.sql'));
    lines.push(`${createHash('sha256').update(script).digest('hex')}  ${entry.name}`);
  }
  lines.sort((one, other) => (one.slice(66) < other.slice(66) ? -1 : 1));
  writeFileSync(file, `${lines.join('\n')}\n`);
}

/** Adds the hash of the functions and triggers as they are now, unless it is the last one. Wants the build. */
export async function addFunctionsHash() {
  const { readFunctions, readHistory } = await import('../packages/api/dist/platform/db/functions.js');
  const { hash } = await readFunctions();
  if ((await readHistory()).at(-1) !== hash) appendFileSync(join(PRISMA, 'functions.sha256'), `${hash}\n`);
}
