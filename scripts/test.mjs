/** `npm test`: every check, from types to packets. With CI=true nothing may be skipped. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fuzz } from './fuzzing.mjs';
import { runKernelLane, whyNoKernelLane } from './kernel-lane.mjs';
import { installSystemPackages, orStop, prepare, ROOT, say, Stop } from './prepare.mjs';
import { runTests } from './run-tests.mjs';
import { slowestFiles } from './slowest-files.mjs';

const bin = (name) => join(ROOT, 'node_modules/.bin', name);
// Tests given by name run alone.
const filters = process.argv.slice(2);

let whyNoKernel;
await orStop(async () => {
  await prepare();
  const missing = await installSystemPackages('test');
  if (missing.length > 0)
    say(`missing packages, so the tests that need them are skipped: ${missing.join(' ')}`);
  // Only CI fetches an image without being asked.
  if (filters.length === 0) whyNoKernel = await whyNoKernelLane({ mayFetch: process.env.CI === 'true' });
});

let passed = 1; // the build above checks the types
const failed = [];
/** Runs a check; what it says comes in one piece, so that two can run side by side. */
async function check([what, program, args]) {
  say(`${what} …`);
  const child = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (said += text));
  const status = await new Promise((resolve) => {
    child.once('close', resolve);
    child.once('error', () => resolve(1));
  });
  process.stderr.write(said);
  if (status === 0) passed++;
  else
    failed.push({ name: what, why: 'what of types, lint and format can be mended by itself: npm run fix' });
}
const checks = [
  ['lint', bin('eslint'), ['.', '--max-warnings=0']],
  ['types of tests and benchmarks', bin('tsc'), ['--project', 'bench']],
  ['types of scripts', bin('tsc'), ['--project', 'scripts']],
  ['unused files, exports and packages', bin('knip'), ['--no-progress']],
  ['format', bin('prettier'), ['--check', '.', '--log-level=warn']],
  ['supply chain', process.execPath, [join(ROOT, 'scripts/supply-chain.mjs')]],
];
/** The longest comes first, and the others fit beside it. */
async function checkInTurn() {
  for (let next = checks.shift(); next !== undefined; next = checks.shift()) await check(next);
}
await Promise.all([checkInTurn(), checkInTurn()]);

const args = filters.length > 0 ? [...filters, '--passWithNoTests'] : [];
const isRoot = process.platform === 'linux' && process.getuid() === 0;
say('unit, integration, end-to-end, fault and kernel tests …');
const skip = (name, why) => ({ passed: 0, failed: [], skipped: [{ name, why }], files: [] });
/** Runs what is never run by name. */
async function whole(name, run) {
  if (filters.length > 0) return [];
  try {
    return [await run()];
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return [skip(name, error.message)];
  }
}
// End-to-end tests mostly wait, for booting machines and timeouts; the others need the processor. All create
// interfaces and addresses, so all but one run in their own network.
const kernel = () =>
  whole('kernel tests', () =>
    whyNoKernel === undefined
      ? runKernelLane({ isFull: false, atTheEnd: isRoot })
      : skip('kernel tests', whyNoKernel),
  );
// Both lanes take about as long as each other: whoever ends early leaves a processor idle.
const one = async () => [
  await runTests(['unit', 'integration'], { args, apart: isRoot }),
  // An emulated machine occupies one processor, so only suites that mostly wait run beside it.
  ...(await kernel()),
];
const other = async () => [
  ...(await whole('fuzz tests', () => fuzz({}, { atTheEnd: isRoot }))),
  await runTests(['e2e', 'faults'], { args, atTheEnd: isRoot }),
];
const summaries = (isRoot ? await Promise.all([one(), other()]) : [await one(), await other()]).flat();

const skipped = summaries.flatMap((summary) => summary.skipped);
for (const summary of summaries) {
  passed += summary.passed;
  failed.push(...summary.failed);
}
for (const line of slowestFiles(summaries.flatMap(({ files }) => files))) process.stdout.write(`${line}\n`);
for (const { name, why } of skipped) process.stdout.write(`skipped: ${name}: ${why}\n`);
if (process.env.CI === 'true') {
  failed.push(...skipped.map(({ name }) => ({ name, why: 'with CI=true nothing may be skipped' })));
}
// Many places show only the last lines of a run, so they list what has to be fixed.
for (const { name, why } of failed) process.stdout.write(`failed: ${name}: ${why}\n`);
process.stdout.write(`${passed} passed, ${failed.length} failed, ${skipped.length} skipped\n`);
process.exit(failed.length === 0 ? 0 : 1);
