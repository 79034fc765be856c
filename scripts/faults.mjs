/**
 * `npm run test:faults -- --seed 1`: the full round of the fault suite. Needs root and the requirements of the
 * end-to-end tests.
 */
import { parseArgs } from 'node:util';
import { installSystemPackages, orStop, prepare, Stop } from './prepare.mjs';
import { runTests } from './run-tests.mjs';

const { values, positionals } = parseArgs({
  options: { seed: { type: 'string', default: '1' } },
  allowPositionals: true,
});
await orStop(async () => {
  if (process.platform !== 'linux' || process.getuid() !== 0) {
    throw new Stop(
      'the fault tests make network namespaces and WireGuard interfaces: run them as root on Linux.',
    );
  }
  if (!Number.isInteger(Number(values.seed))) throw new Stop('--seed takes a whole number.');
  await prepare();
  const missing = await installSystemPackages('test');
  if (missing.length > 0) throw new Stop(`missing packages: ${missing.join(' ')}`);
  const env = { CVAULT_FAULTS: 'full', CVAULT_FAULTS_SEED: values.seed };
  // In their own network, so that tests and other programs cannot disturb each other.
  const { failed } = await runTests(['faults'], { args: positionals, env, apart: true });
  process.exitCode = failed.length === 0 ? 0 : 1;
});
