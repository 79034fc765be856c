import { mkdtemp, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Namespace } from '@cvault/agent/testing';
import { cgroupRoot, makeCgroup, removeCgroup } from './cgroup.ts';
import { startEnclosure, type Enclosure } from './enclosure.ts';
import { mustRun, runProgram, type Ended, type ProgramOptions } from './program.ts';
import { until } from './until.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const PREPARE = fileURLToPath(new URL('prepare-host.sh', import.meta.url));
const BOOT = fileURLToPath(new URL('boot-host.sh', import.meta.url));

/** Process 1: a real systemd, or only sshd as in a small container. */
export type Init = 'systemd' | 'none';

/** A bare Debian machine with sshd, in a network namespace of the lab. */
export interface TestHost {
  readonly name: string;
  /** Its host keys as in known_hosts, without the host name. */
  readonly hostKeys: readonly string[];
  /** OpenSSH's arguments for the operator, without the destination. */
  readonly sshOptions: readonly string[];
  /** The operator's private key file, and a known_hosts file with this machine's keys. */
  readonly identityFile: string;
  readonly knownHostsFile: string;
  run(argv: readonly string[], options?: ProgramOptions): Promise<Ended>;
  must(argv: readonly string[], options?: ProgramOptions): Promise<string>;
  /** Power failure and restart: only the disk is kept. */
  reboot(): Promise<void>;
  stop(): Promise<void>;
}

/** A machine that shares this one's kernel and files, so that its disk can be changed from outside. */
export interface NamespaceHost extends TestHost {
  /** Leaves this many bytes free on its disk; null restores the original space. */
  limitDisk(spareBytes: number | null): Promise<void>;
}

export interface TestHostOptions {
  readonly namespace: Namespace;
  readonly init: Init;
  /** The address of its sshd, as seen from the root namespace. */
  readonly address: string;
}

export async function startTestHost({ namespace, init, address }: TestHostOptions): Promise<NamespaceHost> {
  const folder = await mkdtemp(join(tmpdir(), 'test-host-'));
  const disk = join(folder, 'disk');
  const name = basename(folder).toLowerCase();
  const undo: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true })];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    await mustRun(['mkdir', disk]);
    undo.push(() => rmdir(disk));
    const drive = await startEnclosure([
      'unshare',
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      '--',
      PREPARE,
      disk,
      REPOSITORY,
      name,
    ]);
    undo.push(() => drive.stop());

    const system = join(disk, 'system');
    const boot = await bootCommand({ namespace, init, system, drive, name, undo });
    const identityFile = join(folder, 'operator');
    const knownHostsFile = join(folder, 'known_hosts');
    await mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', identityFile]);
    const publicKey = await mustRun(['cat', `${identityFile}.pub`]);
    const place = `umask 077; mkdir -p root/.ssh; cat > root/.ssh/authorized_keys`;
    await drive.must(['sh', '-c', `cd "$0" && ${place}`, system], { input: publicKey });
    const keys = await drive.must(['sh', '-c', 'cat "$0"/etc/ssh/ssh_host_*_key.pub', system]);
    const hostKeys = keys
      .trim()
      .split('\n')
      .map((line) => line.split(' ').slice(0, 2).join(' '));
    await mustRun(['tee', knownHostsFile], { input: hostKeys.map((key) => `${address} ${key}\n`).join('') });

    let machine: Enclosure | undefined;
    undo.push(async () => machine?.stop());
    const start = async () => {
      machine = await startEnclosure(boot);
      await until(
        'sshd answers',
        async () => (await runProgram(['ssh-keyscan', '-T', '2', address])).stdout !== '',
      );
    };
    await start();
    const running = (): Enclosure => {
      if (machine === undefined) throw new Error('the machine is off');
      return machine;
    };
    return {
      name,
      hostKeys,
      identityFile,
      knownHostsFile,
      sshOptions: sshOptions(identityFile, knownHostsFile),
      run: (argv, options) => running().run(argv, options),
      must: (argv, options) => running().must(argv, options),
      async limitDisk(spareBytes) {
        const used = Number(
          (await drive.must(['df', '--block-size=1', '--output=used', disk])).split('\n')[1],
        );
        const size = spareBytes === null ? '50%' : String(used + spareBytes);
        await drive.must(['mount', '-o', `remount,size=${size}`, disk]);
      },
      async reboot() {
        await running().stop();
        await start();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function sshOptions(identityFile: string, knownHostsFile: string): string[] {
  return [
    ...['-F', 'none', '-i', identityFile],
    ...['-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=yes'],
    ...['-o', `UserKnownHostsFile=${knownHostsFile}`, '-o', 'GlobalKnownHostsFile=none'],
  ];
}

interface BootOptions {
  readonly namespace: Namespace;
  readonly init: Init;
  readonly system: string;
  readonly drive: Enclosure;
  readonly name: string;
  readonly undo: (() => Promise<unknown>)[];
}

/** Keeps the lab's network namespace and the drive's disk; everything else is new with each start. */
async function bootCommand({ namespace, init, system, drive, name, undo }: BootOptions): Promise<string[]> {
  const [, , drivePid = ''] = drive.enter;
  const enter = ['nsenter', `--net=/run/netns/${namespace.name}`, `--mount=/proc/${drivePid}/ns/mnt`, '--'];
  const unshare = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--uts', '--ipc'];
  if (init === 'none') return [...enter, ...unshare, '--', BOOT, system, init];
  const root = await cgroupRoot();
  if (root === undefined) throw new Error('a machine with systemd needs cgroup v2');
  const cgroup = await makeCgroup(root, name);
  undo.push(() => removeCgroup(cgroup));
  const join = ['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', cgroup];
  return [...join, ...enter, ...unshare, '--cgroup', '--', BOOT, system, init];
}
