/**
 * `node scripts/demo-client.mjs phone.conf -- curl -s http://…`: brings a configuration up with wg-quick, as it is, in a
 * throw-away network namespace on this machine, runs the command there, and takes everything away again. Your own
 * routes and resolvers stay as they are.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { installSystemPackages, orStop, say, Stop } from './prepare.mjs';

/** Runs in the namespace. wg-quick hands resolvers to a program that a machine may not have; ours keeps them in here. */
const INSIDE = `
set -eu
config=$1; shift
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/client /run/wireguard
printf '#!/bin/sh\\n[ "$1" != -a ] || cat >/etc/resolv.conf\\n' >/run/client/resolvconf
chmod 755 /run/client/resolvconf
for place in /usr/bin/resolvconf /usr/sbin/resolvconf; do
  [ ! -e "$place" ] || mount --bind /run/client/resolvconf "$place"
done
: >/run/client/resolv.conf
mount --bind /run/client/resolv.conf /etc/resolv.conf
export PATH="/run/client:$PATH"
wg-quick up "$config" >/run/client/log 2>&1 || { cat /run/client/log >&2; exit 1; }
trap 'wg-quick down "$config" >/dev/null 2>&1 || true' EXIT
status=0
"$@" || status=$?
exit "$status"
`;

/** Of the networks that are set aside for documentation (RFC 5737), from the end; the demo's own begin at the start. */
function freeSubnet() {
  const inUse = spawnSync('ip', ['-4', 'address', 'show'], { encoding: 'utf8' }).stdout;
  for (let first = 252; first >= 0; first -= 4) {
    const [outside, inside] = [`192.0.2.${first + 1}`, `192.0.2.${first + 2}`];
    if (!inUse.includes(` ${outside}/`)) return { outside, inside };
  }
  throw new Stop('every address of 192.0.2.0/24 is in use here.');
}

function ip(...args) {
  const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status !== 0) throw new Stop(`ip ${args.join(' ')} failed: ${stderr.trim()}`);
}

function readArguments() {
  const [file, dashes, ...command] = process.argv.slice(2);
  if (file === undefined || dashes !== '--' || command.length === 0) {
    throw new Stop('usage: node scripts/demo-client.mjs CONFIGURATION -- COMMAND …');
  }
  if (!existsSync(file)) throw new Stop(`there is no file ${file}.`);
  return { file: resolve(file), command };
}

let status = 1;
await orStop(() => {
  const { file, command } = readArguments();
  if (process.platform !== 'linux' || process.getuid() !== 0) {
    throw new Stop('this makes a network namespace: run it as root on Linux.');
  }
  const missing = installSystemPackages('start');
  if (missing.length > 0) throw new Stop(`missing packages: ${missing.join(' ')}`);

  // The file's name is the interface's, and wireguard-go knows interfaces of all namespaces by their names alone.
  const name = `cvc${process.pid}`;
  const folder = mkdtempSync(join(tmpdir(), 'cvault-client-'));
  const config = join(folder, `${name}.conf`);
  const { outside, inside } = freeSubnet();
  try {
    copyFileSync(file, config);
    ip('netns', 'add', name);
    ip('link', 'add', `${name}o`, 'type', 'veth', 'peer', 'name', 'uplink', 'netns', name);
    ip('address', 'add', `${outside}/30`, 'dev', `${name}o`);
    ip('link', 'set', `${name}o`, 'up');
    ip('-n', name, 'address', 'add', `${inside}/30`, 'dev', 'uplink');
    ip('-n', name, 'link', 'set', 'uplink', 'up');
    ip('-n', name, 'link', 'set', 'lo', 'up');
    ip('-n', name, 'route', 'add', 'default', 'via', outside);
    status =
      spawnSync('ip', ['netns', 'exec', name, 'sh', '-c', INSIDE, 'demo-client', config, ...command], {
        stdio: 'inherit',
      }).status ?? 1;
    if (status !== 0) say(`the command ended with status ${status}.`);
  } finally {
    for (const undo of [
      ['link', 'delete', `${name}o`],
      ['netns', 'delete', name],
    ]) {
      spawnSync('ip', undo, { stdio: 'ignore' });
    }
    rmSync(folder, { recursive: true, force: true });
  }
});
process.exit(status);
