/**
 * `node scripts/demo-client.mjs phone.conf -- curl -s http://…`: brings an unmodified configuration up with
 * wg-quick in a temporary network namespace, and runs the command there. Your own routes and resolvers do not
 * change.
 *
 * The namespace has no name and ends with its first process, which the kernel ends with this one; the configuration
 * exists only in its memory. Nothing is left, however this process ends.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { installSystemPackages, orStop, ROOT, say, Stop } from './prepare.mjs';

/**
 * Runs in the namespace. The configuration arrives once the cable exists. wg-quick passes resolvers to a program
 * that a machine may lack; ours keeps them inside.
 */
const INSIDE = `
set -eu
umask 077
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -m 755 /run/client /run/wireguard
read -r address gateway <&3
cat <&3 >/run/client/tunnel.conf
exec 3<&-
ip link set lo up
ip address add "$address" dev uplink
ip link set uplink up
ip route add default via "$gateway"
printf '#!/bin/sh\\n[ "$1" != -a ] || cat >/etc/resolv.conf\\n' >/run/client/resolvconf
chmod 755 /run/client/resolvconf
for place in /usr/bin/resolvconf /usr/sbin/resolvconf; do
  [ ! -e "$place" ] || mount --bind /run/client/resolvconf "$place"
done
: >/run/client/resolv.conf
chmod 644 /run/client/resolv.conf
mount --bind /run/client/resolv.conf /etc/resolv.conf
export PATH="/run/client:$PATH"
wg-quick up /run/client/tunnel.conf >/run/client/log 2>&1 || { cat /run/client/log >&2; exit 1; }
umask 022
status=0
"$@" || status=$?
exit "$status"
`;

function readArguments() {
  const [file, dashes, ...command] = process.argv.slice(2);
  if (file === undefined || dashes !== '--' || command.length === 0) {
    throw new Stop('usage: node scripts/demo-client.mjs CONFIGURATION -- COMMAND …');
  }
  try {
    return { config: readFileSync(file, 'utf8'), command };
  } catch (error) {
    throw new Stop(`${file} cannot be read: ${error.message}`);
  }
}

async function cables() {
  try {
    return await import('../packages/api/dist/demo/cable.js');
  } catch (error) {
    throw new Stop(`${ROOT} is not built: run npm start first. (${error.message})`);
  }
}

/** All processes inside end with the first one, that one with unshare, and unshare with us. */
function startNamespace(command) {
  return spawn(
    'setpriv',
    [
      ...[
        '--pdeathsig',
        'KILL',
        '--',
        'unshare',
        '--net',
        '--mount',
        '--pid',
        '--fork',
        '--kill-child',
        '--',
      ],
      ...['sh', '-c', INSIDE, 'demo-client', ...command],
    ],
    { stdio: ['inherit', 'inherit', 'inherit', 'pipe'] },
  );
}

/** The namespace's first process, by its id outside. */
async function firstProcess(namespace) {
  while (namespace.exitCode === null && namespace.signalCode === null) {
    const [pid] = readFileSync(`/proc/${namespace.pid}/task/${namespace.pid}/children`, 'utf8').split(' ');
    if (pid !== undefined && pid !== '') return pid;
    await sleep(5);
  }
  throw new Stop('the network namespace could not be made (see above).');
}

let status = 1;
await orStop(async () => {
  const { config, command } = readArguments();
  if (process.platform !== 'linux' || process.getuid() !== 0) {
    throw new Stop('this makes a network namespace: run it as root on Linux.');
  }
  const missing = await installSystemPackages('start');
  if (missing.length > 0) throw new Stop(`missing packages: ${missing.join(' ')}`);
  const { CABLES, layCable, removeCable } = await cables();

  const namespace = startNamespace(command);
  const ended = once(namespace, 'close');
  const [input] = namespace.stdio.slice(3);
  input.on('error', () => undefined);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      status = 128 + constants.signals[signal];
      namespace.kill('SIGKILL');
    });
  }
  let cable;
  try {
    // From the end, because the demos' VPN servers begin at the start.
    const backwards = Array.from({ length: CABLES }, (_, index) => CABLES - 1 - index);
    cable = await layCable(await firstProcess(namespace), backwards);
    spawnSync('ip', ['link', 'set', cable.name, 'up']);
    input.end(`${cable.insideAddress}/30 ${cable.outsideAddress}\n${config}`);
    const [code] = await ended;
    if (code !== null) status = code;
    if (status !== 0) say(`the command ended with status ${status}.`);
  } finally {
    namespace.kill('SIGKILL');
    await ended;
    if (cable !== undefined) await removeCable(cable);
  }
});
process.exit(status);
