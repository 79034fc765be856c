/**
 * docs/security.md names a test for each guard. A renamed or deleted test would leave a guarantee without a check.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const files = ['packages', 'e2e', 'bench', 'scripts'].flatMap((folder) =>
  readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(?:test|bench|fuzz)\.ts$/.test(path) && !/node_modules|(?:^|\/)dist\//.test(path))
    .map((path) => `/${folder}/${path}`),
);

/** A file may be given by the end of its path, with an asterisk, or as an attack suite without its extension. */
const isThere = (name: string) => {
  const end = name.startsWith('attacks/') && !name.endsWith('.ts') ? `${name}.integration.test.ts` : name;
  // Most names omit the packages' own folders.
  const pattern = end
    .replace(/^packages\//, '')
    .split('/')
    .map((part) => part.replaceAll('.', '\\.').replaceAll('*', '[^/]*'))
    .join('/(?:src/)?');
  const found = new RegExp(`/${pattern}$`);
  return files.some((path) => found.test(path));
};

test('every test that docs/security.md names exists', () => {
  const rows = readFileSync(`${ROOT}docs/security.md`, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| '));
  const names = rows.flatMap((row) => {
    const tests = row.split('|')[3] ?? '';
    return [...tests.matchAll(/`([\w./*-]+\.(?:test|bench)\.ts|attacks\/[\w-]+)`/g)].map(
      ([, name = '']) => name,
    );
  });
  expect(names.length).toBeGreaterThan(40);
  expect(names.filter((name) => !isThere(name))).toEqual([]);
});
