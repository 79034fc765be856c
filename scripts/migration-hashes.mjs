/**
 * packages/api/prisma/migrations.sha256: what each migration was when it was committed. Lines are added, never changed: a database
 * that has run a migration does not run it again.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './prepare.mjs';

const FOLDER = join(ROOT, 'packages/api/prisma/migrations');
const FILE = join(ROOT, 'packages/api/prisma/migrations.sha256');

/** Adds the lines of migrations that have none. */
export function addMigrationHashes() {
  const lines = existsSync(FILE) ? readFileSync(FILE, 'utf8').split('\n').filter(Boolean) : [];
  const known = new Set(lines.map((line) => line.split('  ')[1]));
  for (const entry of readdirSync(FOLDER, { withFileTypes: true })) {
    if (!entry.isDirectory() || known.has(entry.name)) continue;
    const script = readFileSync(join(FOLDER, entry.name, 'migration.sql'));
    lines.push(`${createHash('sha256').update(script).digest('hex')}  ${entry.name}`);
  }
  lines.sort((one, other) => (one.slice(66) < other.slice(66) ? -1 : 1));
  writeFileSync(FILE, `${lines.join('\n')}\n`);
}
