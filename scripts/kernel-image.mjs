/**
 * The root image of the kernel lane: a bare Debian server and the distribution's own kernel, which QEMU boots. It is made
 * once, out of the packages of this machine's own apt sources, and kept outside of the clone.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installDebianPackages, ROOT, say, Stop } from './prepare.mjs';

const HERE = fileURLToPath(import.meta.url);
const IMAGE = join(ROOT, 'e2e/kernel/image');
const CUSTOMIZE = join(IMAGE, 'customize.sh');

/** The programs that the lane needs beyond those of the end-to-end tests. */
const PROGRAMS = {
  'qemu-system-x86_64': 'qemu-system-x86',
  mmdebstrap: 'mmdebstrap',
  mke2fs: 'e2fsprogs',
};
const INSTALLED = [
  ...['systemd', 'systemd-sysv', 'dbus', 'udev', 'kmod', 'openssh-server', 'ca-certificates'],
  ...['iproute2', 'iputils-ping', 'procps', 'busybox-static', 'libstdc++6'],
];
/** What the archive on the machine's disk offers: a VPN server's packages, and what the agent's tests need besides. */
const OFFERED = ['nodejs', 'wireguard-tools', 'nftables', 'conntrack', 'iperf3'];

const isInstalled = (program) =>
  spawnSync('sh', ['-c', 'command -v "$0"', program], { stdio: 'ignore' }).status === 0;

/** Why the kernel lane cannot run on this machine; undefined where it can. */
export function whyNoKernelLane() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'needs Linux on x86-64';
  if (process.getuid() !== 0) return 'needs root';
  if (!isInstalled('apt-get')) return 'needs apt-get, to make its image of Debian packages';
  const missing = () => Object.entries(PROGRAMS).filter(([program]) => !isInstalled(program));
  const packages = missing().map(([, name]) => name);
  if (packages.length > 0) installDebianPackages(packages);
  if (missing().length > 0) return `needs the packages ${packages.join(' ')}`;
  return undefined;
}

/** Outside of the clone, so that a new clone finds it. */
function cacheFolder() {
  const { XDG_CACHE_HOME: xdg, HOME: home } = process.env;
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'cvault');
  return home !== undefined && isAbsolute(home) ? join(home, '.cache/cvault') : '/var/cache/cvault';
}

function osRelease() {
  const lines = readFileSync('/etc/os-release', 'utf8').split('\n');
  return Object.fromEntries(lines.map((line) => line.replaceAll('"', '').split('=', 2)));
}

/**
 * The folder of the image, which is made first where there is none of these inputs. Two runs at once make it once: the
 * second one waits for the first.
 */
export function kernelImage() {
  const inputs = createHash('sha256');
  for (const file of [HERE, CUSTOMIZE, join(IMAGE, 'init')]) inputs.update(readFileSync(file));
  inputs.update(`${osRelease().VERSION_CODENAME} ${process.arch}`);
  const cache = cacheFolder();
  const folder = join(cache, `kernel-${inputs.digest('hex').slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  say(
    `making the kernel lane's root image (once, some 2 minutes, 350 MB) in ${folder}; Debian packages in it, not on this machine: ` +
      `linux-image-cloud-amd64 ${INSTALLED.join(' ')} ${OFFERED.join(' ')}`,
  );
  try {
    mkdirSync(cache, { recursive: true });
  } catch (error) {
    throw new Stop(
      `${cache} cannot be made (${error.code}): set XDG_CACHE_HOME to a folder that can be written.`,
    );
  }
  const lock = join(cache, 'kernel.lock');
  const { status } = spawnSync('flock', [lock, process.execPath, HERE, folder], { stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Stop('the root image of the kernel lane could not be made (see above).');
  return folder;
}

/** This machine's own sources of its distribution, as lines of a sources.list. */
function aptSources() {
  const format = 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)|$(ORIGIN)';
  const read = () =>
    spawnSync('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'], { encoding: 'utf8' })
      .stdout.split('\n')
      .map((line) => line.split('|'))
      .filter(([, origin]) => origin === 'Debian' || origin === 'Ubuntu')
      .map(([line]) => line);
  let lines = read();
  if (lines.length === 0) {
    // The origin is known once the lists have been read.
    spawnSync('apt-get', ['-qq', 'update'], { stdio: ['ignore', 'ignore', 2] });
    lines = read();
  }
  if (lines.length === 0) throw new Stop('this machine has no apt sources of Debian or Ubuntu.');
  return [...new Set(lines)];
}

function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { stdio: ['pipe', 2, 2], ...options });
  if (status !== 0) throw new Stop(`${command} failed${error ? `: ${error.message}` : ' (see above).'}`);
}

/** Run under the lock. Nobody sees an image that is half made: its folder gets its name at the end. */
function make(folder) {
  if (existsSync(folder)) return;
  const cache = join(folder, '..');
  for (const name of readdirSync(cache)) {
    // Left by one that was killed; whoever holds the lock is alone.
    if (name.startsWith('making-')) rmSync(join(cache, name), { recursive: true });
  }
  const making = mkdtempSync(join(cache, 'making-'));
  try {
    const [root, image] = [join(making, 'root'), join(making, 'image')];
    mkdirSync(image);
    const left = ['doc', 'man', 'locale', 'info'].map(
      (name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`,
    );
    run(
      'mmdebstrap',
      [
        ...['--quiet', '--mode=root', '--variant=minbase', `--include=${INSTALLED.join(',')}`, ...left],
        ...[`--customize-hook=${CUSTOMIZE}`, osRelease().VERSION_CODENAME, root, '-'],
      ],
      {
        input: `${aptSources().join('\n')}\n`,
        env: { ...process.env, OUT: image, OFFERED: OFFERED.join(' ') },
      },
    );
    const disk = join(image, 'root.ext4');
    run('truncate', ['--size=3G', disk]);
    run('mke2fs', ['-q', '-t', 'ext4', '-O', '^has_journal', '-d', root, disk]);
    renameSync(image, folder);
  } finally {
    rmSync(making, { recursive: true });
  }
}

if (process.argv[1] === HERE) {
  try {
    make(process.argv[2]);
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    say(error.message);
    process.exit(1);
  }
}
