/**
 * The root image of the kernel lane: a bare Debian server with the distribution's kernel, which QEMU boots. Built
 * once from this machine's apt sources and cached outside of the clone.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { alone } from './alone.mjs';
import { ROOT, say, Stop } from './prepare.mjs';

const HERE = fileURLToPath(import.meta.url);
const IMAGE = join(ROOT, 'e2e/kernel/image');
const CUSTOMIZE = join(IMAGE, 'customize.sh');

const INSTALLED = [
  ...['systemd', 'systemd-sysv', 'dbus', 'udev', 'kmod', 'openssh-server', 'ca-certificates'],
  ...['iproute2', 'iputils-ping', 'procps', 'busybox-static', 'libstdc++6'],
];
/** Packages in the archive on the machine's disk: for a VPN server and for the agent's tests. */
const OFFERED = ['nodejs', 'wireguard-tools', 'nftables', 'conntrack', 'iperf3'];

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

/** The folder of the image with these inputs, whether or not it exists. */
export function kernelImageFolder() {
  const inputs = createHash('sha256');
  for (const file of [HERE, CUSTOMIZE, join(IMAGE, 'init')]) inputs.update(readFileSync(file));
  inputs.update(`${osRelease().VERSION_CODENAME} ${process.arch}`);
  return join(cacheFolder(), `kernel-${inputs.digest('hex').slice(0, 16)}`);
}

/** The same folder with the image in it. Concurrent runs build it once. */
export async function kernelImage() {
  const folder = kernelImageFolder();
  if (existsSync(folder)) return folder;
  const cache = dirname(folder);
  try {
    mkdirSync(cache, { recursive: true });
  } catch (error) {
    throw new Stop(
      `${cache} cannot be made (${error.code}): set XDG_CACHE_HOME to a folder that can be written.`,
    );
  }
  const onWait = () => say("another process is making the kernel lane's root image; waiting for it …");
  await alone(cache, () => make(folder), onWait);
  return folder;
}

/** This machine's apt sources of its distribution, as lines of a sources.list. */
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
    // The origin is known only after the lists were read.
    spawnSync('apt-get', ['-qq', 'update'], { stdio: ['ignore', 'ignore', 2] });
    lines = read();
  }
  if (lines.length === 0) throw new Stop('this machine has no apt sources of Debian or Ubuntu.');
  return [...new Set(lines)];
}

/** Runs a program without blocking this process, which serves tests of other lanes. */
async function run(command, args, { input = '', env = process.env } = {}) {
  const child = spawn(command, args, { stdio: ['pipe', 2, 2], env });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  await new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Stop(`${command} could not be started: ${error.message}`)));
    child.once('close', (status) =>
      status === 0
        ? resolve()
        : reject(
            new Stop(`the root image of the kernel lane could not be made: ${command} failed (see above).`),
          ),
    );
  });
}

/** The folder gets its name at the end, so that an incomplete image is never used. */
async function make(folder) {
  if (existsSync(folder)) return;
  say(
    `making the kernel lane's root image (once, some 2 minutes, 350 MB) in ${folder}; Debian packages in it, not on this machine: ` +
      `linux-image-cloud-amd64 ${INSTALLED.join(' ')} ${OFFERED.join(' ')}`,
  );
  const cache = dirname(folder);
  for (const name of readdirSync(cache)) {
    // Left by a killed process; the lock excludes a running one.
    if (name.startsWith('making-')) rmSync(join(cache, name), { recursive: true });
  }
  const making = mkdtempSync(join(cache, 'making-'));
  try {
    const [root, image] = [join(making, 'root'), join(making, 'image')];
    mkdirSync(image);
    const left = ['doc', 'man', 'locale', 'info'].map(
      (name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`,
    );
    await run(
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
    await run('truncate', ['--size=3G', disk]);
    await run('mke2fs', ['-q', '-t', 'ext4', '-O', '^has_journal', '-d', root, disk]);
    renameSync(image, folder);
  } finally {
    rmSync(making, { recursive: true });
  }
}
