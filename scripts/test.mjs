/** `npm test`: everything that must hold, from types to packets. With CI=true nothing may be skipped. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { installSystemPackages, orStop, prepare, ROOT, say } from './prepare.mjs';

const SUMMARY = join(ROOT, 'node_modules/.cvault-test-summary.json');
const bin = (name) => join(ROOT, 'node_modules/.bin', name);

await orStop(() => {
  prepare();
  const missing = installSystemPackages('test');
  if (missing.length > 0)
    say(`missing packages, so the tests that need them are skipped: ${missing.join(' ')}`);
});

let passed = 1; // the build above is the check of types
let failed = 0;
for (const [what, program, args] of [
  ['types of tests and benchmarks', 'tsc', ['--project', 'bench']],
  ['types of scripts', 'tsc', ['--project', 'scripts']],
  ['lint', 'eslint', ['.', '--max-warnings=0']],
  ['format', 'prettier', ['--check', '.', '--log-level=warn']],
]) {
  say(`${what} …`);
  const { status } = spawnSync(bin(program), args, { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (status === 0) passed++;
  else {
    failed++;
    say(`${what} failed. To mend what can be mended by itself: npm run fix`);
  }
}

rmSync(SUMMARY, { force: true });
const { status } = spawnSync(
  bin('vitest'),
  [
    'run',
    '--project',
    'unit',
    '--project',
    'integration',
    '--project',
    'e2e',
    '--project',
    'faults',
    ...process.argv.slice(2),
  ],
  {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, CVAULT_TEST_SUMMARY: SUMMARY },
  },
);
const summary = existsSync(SUMMARY)
  ? JSON.parse(readFileSync(SUMMARY, 'utf8'))
  : { passed: 0, failed: 1, skipped: [], errors: 1 };
passed += summary.passed;
failed += summary.failed;
// A run can fail without a failing test: an error outside of one, a file that does not load.
if (status !== 0 && summary.failed === 0) failed += 1;
if (process.env.CI === 'true' && summary.skipped.length > 0) {
  failed += summary.skipped.length;
  say('with CI=true nothing may be skipped, so each skipped test counts as failed:');
}
for (const { name, why } of summary.skipped) process.stdout.write(`skipped: ${name}: ${why}\n`);
process.stdout.write(`${passed} passed, ${failed} failed, ${summary.skipped.length} skipped\n`);
process.exit(failed === 0 ? 0 : 1);
