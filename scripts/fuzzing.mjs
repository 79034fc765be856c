import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './prepare.mjs';
import { installSchemathesis } from './schemathesis.mjs';

/**
 * Runs the fuzz tests in a network namespace of their own: the operator’s routes take addresses of machines to connect to, and
 * what is made up may be anybody’s. Answers the exit status.
 * @param settings environment variables, see e2e/fuzz/api.fuzz.ts
 */
export function fuzz(settings) {
  const asRoot = process.getuid() === 0 ? [] : ['--user', '--map-root-user'];
  const { status } = spawnSync(
    'unshare',
    [
      ...['--net', ...asRoot, '--', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'],
      ...[join(ROOT, 'node_modules/.bin/vitest'), 'run', '--project', 'fuzz', '--disable-console-intercept'],
    ],
    {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...settings, CVAULT_SCHEMATHESIS: installSchemathesis() },
    },
  );
  return status ?? 1;
}
