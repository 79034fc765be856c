/**
 * `npm run bench`: needs root and the requirements of the end-to-end tests. Prints its table and writes nothing
 * else.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installSystemPackages, orStop, prepare, ROOT, Stop } from './prepare.mjs';

await orStop(async () => {
  if (process.platform !== 'linux' || process.getuid() !== 0) {
    throw new Stop(
      'the benchmark makes network namespaces and WireGuard interfaces: run it as root on Linux.',
    );
  }
  await prepare();
  const missing = await installSystemPackages('test');
  if (missing.length > 0) throw new Stop(`missing packages: ${missing.join(' ')}`);
});
// The caller's arguments come first: otherwise a switch could take one as its value.
const switches = ['--project', 'bench', '--reporter=dot', '--disable-console-intercept'];
const args = ['run', ...process.argv.slice(2), ...switches];
const { status } = spawnSync(join(ROOT, 'node_modules/.bin/vitest'), args, { cwd: ROOT, stdio: 'inherit' });
process.exit(status ?? 1);
