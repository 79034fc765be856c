import { runTests } from './run-tests.mjs';
import { installSchemathesis } from './schemathesis.mjs';

/**
 * Runs the fuzz tests in a network of their own: the operator’s routes take addresses of machines to connect to, and what is
 * made up may be anybody’s.
 * @param settings environment variables, see e2e/fuzz/api.fuzz.ts
 */
export function fuzz(settings) {
  const env = { ...settings, CVAULT_SCHEMATHESIS: installSchemathesis() };
  return runTests(['fuzz'], { env, apart: true, args: ['--disable-console-intercept'] });
}
