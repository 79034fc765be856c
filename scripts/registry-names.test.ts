/**
 * Nobody owns the names `cvault` and `@cvault/…` in npm's registry. Telling users to run or install them from there
 * would give them whatever somebody publishes under these names.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const TEXTS = /\.(md|ts|mjs|json|sh|ya?ml|example|html)$/;
const NOT_OURS_TO_JUDGE = ['package-lock.json', 'openapi.json', 'scripts/registry-names.test.ts'];
/** A program that may fetch missing packages, followed by one of the names on the same line. */
const FETCHES =
  /\b(npx|bunx|npm (exec|x|i|install|add|create|init)|(pnpm|yarn) (dlx|add|exec)|deno (run|install))\b[^\n`]*(?<![./\w-])@?cvault\b(?!\.)/;

test.each([
  ['npx cvault server list', true],
  ['npx -y cvault@latest', true],
  ['npm install @cvault/sdk', true],
  ['npm i -g cvault', true],
  ['pnpm dlx cvault', true],
  ['node packages/cli/bin/cvault.mjs server list', false],
  ['npx vitest run packages/cli', false],
  ['npm install && cd /srv/cvault', false],
])('%j would fetch: %j', (line, fetches) => {
  expect(FETCHES.test(line)).toBe(fetches);
});

test('no text tells users to fetch cvault from a registry', () => {
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' })
    .split('\0')
    .filter((file) => TEXTS.test(file) && !NOT_OURS_TO_JUDGE.includes(file));
  expect(files).toContain('README.md');
  const found = files.flatMap((file) =>
    readFileSync(join(ROOT, file), 'utf8')
      .split('\n')
      .flatMap((line, index) => (FETCHES.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  );
  expect(found).toEqual([]);
});
