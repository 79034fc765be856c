/** A database runs each migration once. If one changed afterwards, databases would differ. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readFunctions, readHistory } from './functions.ts';

const PRISMA = join(import.meta.dirname, '../../../prisma');

const hashes = new Map(
  readFileSync(join(PRISMA, 'migrations.sha256'), 'utf8')
    .trim()
    .split('\n')
    .map((line): [name: string, hash: string] => [line.slice(66), line.slice(0, 64)]),
);
const migrations = readdirSync(join(PRISMA, 'migrations'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

test('every migration has its hash', () => {
  const missing = migrations.filter((name) => !hashes.has(name));
  expect(missing, 'run `npm run generate`, and commit prisma/migrations.sha256 with them').toEqual([]);
});

test('no committed migration was changed or removed', () => {
  const hashOf = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join(PRISMA, 'migrations', name, 'migration.sql')))
      .digest('hex');
  const changed = [...hashes].filter(([name, hash]) => !migrations.includes(name) || hashOf(name) !== hash);
  expect(
    changed.map(([name]) => name),
    'put these back as they were, and write the change as a new migration: npm run db:migration -- name',
  ).toEqual([]);
});

test('functions and triggers are in files of their own: no migration makes any since they moved there', () => {
  const making = migrations.filter(
    (name) =>
      name > '20261129212500_applied_functions' &&
      /\b(CREATE|ALTER)\s+(OR\s+REPLACE\s+)?(CONSTRAINT\s+)?(FUNCTION|PROCEDURE|TRIGGER)\b|\bkeep_audit\b/i.test(
        readFileSync(join(PRISMA, 'migrations', name, 'migration.sql'), 'utf8').replaceAll(/--.*$/gm, ''),
      ),
  );
  expect(making, 'write it to prisma/functions or prisma/triggers; each start applies those').toEqual([]);
});

test('the set of functions and triggers is the last of prisma/functions.sha256', async () => {
  const { hash } = await readFunctions();
  const history = await readHistory();
  expect(history.at(-1), 'run `npm run generate`, and commit prisma/functions.sha256 with them').toBe(hash);
  expect(new Set(history).size, 'a set that comes back wants a hash of its own: change a comment').toBe(
    history.length,
  );
});
