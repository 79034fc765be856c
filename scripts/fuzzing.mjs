import { Stop } from './prepare.mjs';
import { runTests } from './run-tests.mjs';
import { installSchemathesis } from './schemathesis.mjs';

/**
 * Runs the fuzz tests in a network of their own: the operator’s routes take addresses of machines to connect to, and what is
 * made up may be anybody’s.
 * @throws Stop where this machine cannot
 * @param settings environment variables, see e2e/fuzz/api.fuzz.ts
 */
export async function fuzz(settings) {
  if (process.platform !== 'linux') throw new Stop('the fuzz tests need a network of their own, so Linux.');
  const env = { ...settings, CVAULT_SCHEMATHESIS: await installSchemathesis() };
  return runTests(['fuzz'], { env, apart: true, args: ['--disable-console-intercept'] });
}
