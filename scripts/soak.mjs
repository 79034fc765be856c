/**
 * `npm run soak -- --minutes 20 --seed 1`: load and faults mixed by a seed. Needs root and the requirements of the
 * end-to-end tests.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { installSystemPackages, orStop, prepare, ROOT, Stop } from './prepare.mjs';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '20' }, seed: { type: 'string', default: '1' } },
});
await orStop(async () => {
  if (process.platform !== 'linux' || process.getuid() !== 0) {
    throw new Stop('the soak makes network namespaces and WireGuard interfaces: run it as root on Linux.');
  }
  if (!(Number(values.minutes) > 0) || !Number.isInteger(Number(values.seed))) {
    throw new Stop('--minutes takes a number above 0, --seed a whole number.');
  }
  await prepare();
  const missing = await installSystemPackages('test');
  if (missing.length > 0) throw new Stop(`missing packages: ${missing.join(' ')}`);
});
const { status } = spawnSync(
  join(ROOT, 'node_modules/.bin/vitest'),
  ['run', '--project', 'soak', '--reporter=dot', '--disable-console-intercept'],
  {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, CVAULT_SOAK_MINUTES: values.minutes, CVAULT_FAULTS_SEED: values.seed },
  },
);
process.exit(status ?? 1);
