import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { endWithNpm } from './npm-parent.mjs';
import { ROOT } from './prepare.mjs';

/** Running vitest processes. */
const underWay = new Set();

/** Ends them with this process if it is told to stop or npm is gone; if it is killed, they notice themselves. */
function endThemWithUs() {
  endWithNpm();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // The whole process group: vitest, its workers, and their children.
      for (const { pid } of underWay) process.kill(-pid, 'SIGKILL');
      process.exit(1);
    });
  }
}

/** A command prefix for a network namespace without any outside connection, whose named namespaces are private. */
function ownNetwork() {
  const asRoot = process.getuid() === 0 ? [] : ['--user', '--map-root-user'];
  // If the folder cannot be created, named namespaces are not available.
  const ownNamespaceNames = '{ ! mkdir -p /run/netns 2>/dev/null || mount -t tmpfs tmpfs /run/netns; }';
  const script = `ip link set lo up && ${ownNamespaceNames} && exec "$@"`;
  return ['unshare', '--net', '--mount', ...asRoot, '--', 'sh', '-c', script, 'sh'];
}

/**
 * Runs projects of vitest, and answers what they counted, and how long each file took.
 * @param options.args more arguments for vitest
 * @param options.env more environment variables
 * @param options.apart in their own network
 * @param options.atTheEnd prints the output in one piece at the end, so that two runs can be parallel
 * @typedef {{ name: string, why: string }} Named
 * @returns {Promise<{ passed: number, failed: Named[], skipped: Named[], files: { name: string, seconds: number }[] }>}
 */
export async function runTests(projects, { args = [], env = {}, apart = false, atTheEnd = false } = {}) {
  const file = join(ROOT, `node_modules/.cvault-test-summary-${projects.join('-')}.json`);
  rmSync(file, { force: true });
  const [command, ...rest] = [
    ...(apart ? ownNetwork() : []),
    join(ROOT, 'node_modules/.bin/vitest'),
    'run',
    ...projects.flatMap((name) => ['--project', name]),
    ...args,
  ];
  const output = atTheEnd ? 'pipe' : 'inherit';
  if (underWay.size === 0 && process.listenerCount('SIGTERM') === 0) endThemWithUs();
  const child = spawn(command, rest, {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', output, output],
    env: { ...process.env, ...env, CVAULT_TEST_SUMMARY: file },
  });
  underWay.add(child);
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => (printed += text));
  }
  const status = await new Promise((resolve) => {
    child.once('close', resolve);
    child.once('error', () => resolve(1));
  });
  underWay.delete(child);
  process.stdout.write(printed);
  const summary = existsSync(file)
    ? JSON.parse(readFileSync(file, 'utf8'))
    : { passed: 0, failed: [], skipped: [], files: [] };
  // Vitest failed but no test did: it was killed, or its settings are wrong.
  if (status !== 0 && summary.failed.length === 0) {
    const why = `vitest ended with ${status ?? 'a signal'}, and named no test`;
    summary.failed.push({ name: projects.join(' and '), why });
  }
  return summary;
}
