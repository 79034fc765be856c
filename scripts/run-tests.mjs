import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { endWithNpm } from './npm-parent.mjs';
import { ROOT } from './prepare.mjs';

/** Vitest processes under way. */
const underWay = new Set();

/** Ends them with this process, when it is told to end or npm is gone; where it is killed, they see that themselves. */
function endThemWithUs() {
  endWithNpm();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // The whole group: vitest, its workers, and what those started.
      for (const { pid } of underWay) process.kill(-pid, 'SIGKILL');
      process.exit(1);
    });
  }
}

/**
 * Before a command, it runs it in a network namespace that reaches nothing outside of itself, and whose own named
 * namespaces nobody else sees.
 */
function ownNetwork() {
  const asRoot = process.getuid() === 0 ? [] : ['--user', '--map-root-user'];
  // Where the folder cannot be made, no namespace gets a name.
  const ownNames = '{ ! mkdir -p /run/netns 2>/dev/null || mount -t tmpfs tmpfs /run/netns; }';
  const script = `ip link set lo up && ${ownNames} && exec "$@"`;
  return ['unshare', '--net', '--mount', ...asRoot, '--', 'sh', '-c', script, 'sh'];
}

/**
 * Runs projects of vitest, and answers what they counted, and how long each file took.
 * @param options.args more arguments for vitest
 * @param options.env more environment variables
 * @param options.apart in a network of their own
 * @param options.atTheEnd what it prints comes in one piece when it is over, so that two can run beside each other
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
  // Whatever vitest ends with and no test is to blame for: it was killed, or its settings are wrong.
  if (status !== 0 && summary.failed.length === 0) {
    const why = `vitest ended with ${status ?? 'a signal'}, and named no test`;
    summary.failed.push({ name: projects.join(' and '), why });
  }
  return summary;
}
