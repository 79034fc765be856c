import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Namespace } from '@cvault/agent/testing';
import type { VpnServerNetwork } from '../harness/internet.ts';
import { mustRun, runProgram, type Ended, type ProgramOptions } from '../harness/program.ts';
import type { TestHost } from '../harness/test-host.ts';
import { until } from '../harness/until.ts';

/** A limit for hangs: on a busy machine, an emulated boot takes minutes. */
export const PATIENCE_MS = 600_000;

/**
 * A bare Debian server with its own kernel, in QEMU. It replaces the network namespace in which it is started: the
 * namespace's cables end in its network cards, and it has the namespace's addresses.
 */
export interface VirtualMachine extends TestHost {
  /** Copies a folder's content into a folder on the machine. */
  copy(from: string, to: string): Promise<void>;
  /** A clean restart by the operator; `reboot` is a power failure. */
  restart(): Promise<void>;
}

export interface VirtualMachineOptions {
  readonly network: VpnServerNetwork;
  /** The folder with the image; see scripts/kernel-image.mjs. */
  readonly image: string;
}

interface Card {
  readonly cable: string;
  readonly tap: string;
  readonly mac: string;
  /** Configuration files for systemd-udevd and systemd-networkd. */
  readonly files: Readonly<Record<string, string>>;
}

export async function startVirtualMachine(options: VirtualMachineOptions): Promise<VirtualMachine> {
  const { network, image } = options;
  const { namespace, managementAddress: address } = network;
  const folder = await mkdtemp(join(tmpdir(), 'virtual-machine-'));
  const name = basename(folder).toLowerCase();
  const [consoleFile, controlSocket] = [join(folder, 'console'), join(folder, 'ssh')];
  const undo: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true })];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const cards = [await takeOver(namespace, 'uplink', 0), await takeOver(namespace, 'mgmt', 1)];
    const identityFile = join(folder, 'operator');
    const knownHostsFile = join(folder, 'known_hosts');
    const hostKeys = await makeSeed({ folder, name, identityFile, cards });
    await writeFile(knownHostsFile, hostKeys.map((key) => `${address} ${key}\n`).join(''));
    const initrd = join(folder, 'initrd');
    const seed = ['sh', '-c', 'cd "$0/seed.d" && find . | "$1/busybox" cpio --quiet -o -H newc'];
    await mustRun(['sh', '-c', `{ cat "$1/initrd"; ${seed[2]}; } >"$2"`, folder, image, initrd]);
    const qemu = await startQemu(namespace, [
      ...['-kernel', join(image, 'vmlinuz'), '-initrd', initrd, '-serial', `file:${consoleFile}`],
      // A reboot keeps written files; a stop loses them.
      ...['-drive', `file=${join(image, 'root.ext4')},format=raw,if=virtio,snapshot=on,cache=unsafe`],
      ...cards.flatMap(({ tap, mac }) => [
        ...['-netdev', `tap,id=${tap},ifname=${tap},script=no,downscript=no`],
        ...['-device', `virtio-net-pci,netdev=${tap},mac=${mac}`],
      ]),
    ]);
    undo.push(() => qemu.stop());

    const sshOptions = [
      ...['-F', 'none', '-i', identityFile],
      ...['-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=yes'],
      ...['-o', `UserKnownHostsFile=${knownHostsFile}`, '-o', 'GlobalKnownHostsFile=none'],
    ];
    // One connection for all commands: a key exchange takes an emulated machine seconds.
    const shared = ['-o', 'ControlMaster=auto', '-o', `ControlPath=${controlSocket}`];
    const kept = [...shared, '-o', 'ControlPersist=yes', '-o', 'ServerAliveInterval=5'];
    const hangUp = () => runProgram(['ssh', ...shared, '-O', 'exit', '--', address]);
    undo.push(hangUp);
    const run = (argv: readonly string[], programOptions: ProgramOptions = {}): Promise<Ended> =>
      runProgram(['ssh', ...sshOptions, ...kept, '--', `root@${address}`, argv.map(quoted).join(' ')], {
        timeoutMs: PATIENCE_MS,
        ...programOptions,
      });
    const must = async (argv: readonly string[], programOptions?: ProgramOptions) => {
      const { status, stdout, stderr } = await run(argv, programOptions);
      if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${status ?? 'a signal'}: ${stderr}`);
      return stdout;
    };
    const bootId = async () => {
      const ask = ['cat', '/proc/sys/kernel/random/boot_id'];
      // Less than the time that a connection to a booting machine takes to fail.
      const { status, stdout } = await run(ask, { timeoutMs: 60_000 });
      return status === 0 ? stdout : undefined;
    };
    const untilBooted = async (before?: string) => {
      await until(
        'the virtual machine lets its operator in',
        async () => {
          if (qemu.hasEnded()) return true;
          const now = await bootId();
          return now !== undefined && now !== before;
        },
        PATIENCE_MS,
      ).catch((cause: unknown) => {
        const last = readFileSync(consoleFile, 'utf8').split('\n').slice(-20).join('\n');
        throw new Error(`the virtual machine does not start; its console ends with:\n${last}`, { cause });
      });
      if (qemu.hasEnded()) throw new Error(`QEMU ended: ${qemu.words()}`);
    };
    await untilBooted();
    return {
      name,
      hostKeys,
      identityFile,
      knownHostsFile,
      sshOptions,
      run,
      must,
      async copy(from, to) {
        const unpack = ['ssh', ...sshOptions, '--', `root@${address}`, `tar -C ${quoted(to)} -x`];
        await mustRun(['sh', '-c', 'tar -C "$0" -c . | "$@"', from, ...unpack], { timeoutMs: PATIENCE_MS });
      },
      async reboot() {
        const before = await bootId();
        qemu.tell('system_reset');
        await hangUp();
        await untilBooted(before);
      },
      async restart() {
        const before = await bootId();
        await run(['systemctl', 'reboot']);
        await hangUp();
        await untilBooted(before);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Quotes for the shell at the other end, which runs ssh's command. */
const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;

/**
 * Bridges a cable of the namespace to a new network card, and removes the namespace's addresses and routes from it.
 */
async function takeOver(namespace: Namespace, cable: string, number: number): Promise<Card> {
  const [bridge, tap] = [`br${number}`, `tap${number}`];
  const read = async (...args: string[]) =>
    JSON.parse(await namespace.run('ip', ['-json', ...args, 'dev', cable])) as Record<string, unknown>[];
  const [link] = (await read('address', 'show')) as {
    addr_info: { scope: string; local: string; prefixlen: number }[];
  }[];
  const addresses = link!.addr_info.filter(({ scope }) => scope === 'global');
  const gateways = [
    ...(await read('-4', 'route', 'show', 'default')),
    ...(await read('-6', 'route', 'show', 'default')),
  ].map((route) => String(route['gateway']));
  await namespace.run('ip', ['address', 'flush', 'dev', cable]);
  await namespace.run('ip', ['link', 'add', bridge, 'type', 'bridge']);
  await namespace.run('sysctl', ['-qw', `net.ipv6.conf.${bridge}.disable_ipv6=1`]);
  await namespace.run('ip', ['tuntap', 'add', tap, 'mode', 'tap']);
  for (const device of [cable, tap]) {
    await namespace.run('sysctl', ['-qw', `net.ipv6.conf.${device}.disable_ipv6=1`]);
    await namespace.run('ip', ['link', 'set', device, 'master', bridge]);
  }
  for (const device of [tap, bridge]) await namespace.run('ip', ['link', 'set', device, 'up']);
  // Locally administered.
  const mac = `02:00:00:00:00:0${number + 1}`;
  const match = `[Match]\nMACAddress=${mac}\n`;
  const set = [
    ...addresses.map(({ local, prefixlen }) => `Address=${local}/${prefixlen}\n`),
    ...gateways.map((gateway) => `Gateway=${gateway}\n`),
  ];
  const files = {
    [`10-${cable}.link`]: `${match}[Link]\nName=${cable}\n`,
    [`10-${cable}.network`]: `${match}[Network]\nIPv6AcceptRA=no\n${set.join('')}`,
  };
  return { cable, tap, mac, files };
}

interface Seed {
  readonly folder: string;
  readonly name: string;
  readonly identityFile: string;
  readonly cards: readonly Card[];
}

/** Gives this machine its own host keys, name, network and authorized keys. Returns the host keys. */
async function makeSeed({ folder, name, identityFile, cards }: Seed): Promise<string[]> {
  const root = join(folder, 'seed.d/seed');
  const place = (...path: string[]) => join(root, ...path);
  for (const path of ['etc/ssh', 'etc/systemd/network', 'root/.ssh']) {
    await mkdir(place(path), { recursive: true });
  }
  await mustRun(['chmod', '700', place('root'), place('root/.ssh')]);
  await mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', identityFile]);
  await mustRun(['cp', `${identityFile}.pub`, place('root/.ssh/authorized_keys')]);
  const hostKeys: string[] = [];
  for (const kind of ['ed25519', 'ecdsa']) {
    const file = place('etc/ssh', `ssh_host_${kind}_key`);
    await mustRun(['ssh-keygen', '-q', '-t', kind, '-N', '', '-C', '', '-f', file]);
    hostKeys.push((await readFile(`${file}.pub`, 'utf8')).trim());
  }
  await writeFile(place('etc/hostname'), `${name}\n`);
  for (const [file, text] of cards.flatMap(({ files }) => Object.entries(files))) {
    await writeFile(place('etc/systemd/network', file), text);
  }
  return hostKeys;
}

/**
 * Starts the machine. Emulated by default, because /dev/kvm can exist without working. If it works, set
 * CVAULT_KERNEL_ACCELERATOR=kvm.
 */
async function startQemu(namespace: Namespace, more: readonly string[]) {
  const accelerator = process.env['CVAULT_KERNEL_ACCELERATOR'] ?? 'tcg,thread=multi';
  // If this process is killed, the kernel ends QEMU. QEMU gets priority: sharing the processors with all other
  // tests, an emulated machine would miss the deadlines of real ones.
  const child = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', '--', 'nice', '-n', '-10', ...namespace.enter, 'qemu-system-x86_64'],
      ...['-no-user-config', '-nodefaults', '-display', 'none', '-monitor', 'stdio'],
      ...['-M', 'q35', '-accel', accelerator, '-cpu', 'Nehalem', '-smp', '2', '-m', '1024'],
      ...['-device', 'virtio-rng-pci', '-append', 'console=ttyS0 panic=-1 mitigations=off net.ifnames=0'],
      ...more,
    ],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let words = '';
  child.stdout.resume();
  child.stdin.on('error', () => undefined);
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words += text));
  const ended = once(child, 'exit').catch((error: unknown) => (words += String(error)));
  await once(child, 'spawn');
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  return {
    hasEnded,
    words: () => words,
    /** Sends a command to QEMU's monitor. */
    tell: (command: string) => void child.stdin.write(`${command}\n`),
    async stop() {
      if (!hasEnded()) child.kill('SIGKILL');
      await ended;
    },
  };
}
