/** `npm run test:faults -- --seed 1`: the full round of the fault suite; needs root and what the end-to-end tests need. */
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
  // In a network of their own: what they make up is in nobody's way, and the other way round.
  const { failed } = await runTests(['faults'], { args: positionals, env, apart: true });
  process.exitCode = failed.length === 0 ? 0 : 1;
});
