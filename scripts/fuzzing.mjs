import { Stop } from './prepare.mjs';
import { runTests } from './run-tests.mjs';
import { installSchemathesis } from './schemathesis.mjs';

/**
 * Runs the fuzz tests in their own network: the operator’s routes accept addresses to connect to, and generated
 * ones may belong to anybody.
 * @throws Stop if this machine cannot run them
 * @param settings environment variables, see e2e/fuzz/api.fuzz.ts
 * @param options.atTheEnd see runTests
 */
export async function fuzz(settings, { atTheEnd = false } = {}) {
  if (process.platform !== 'linux') throw new Stop('the fuzz tests need a network of their own, so Linux.');
  const env = { ...settings, CVAULT_SCHEMATHESIS: await installSchemathesis() };
  return runTests(['fuzz'], { env, apart: true, atTheEnd, args: ['--disable-console-intercept'] });
}
