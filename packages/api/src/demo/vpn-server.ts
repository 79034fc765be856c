/**
 * The demo's VPN server: a real WireGuard interface in a network namespace of its own, so that nothing of the machine's
 * own network changes but one virtual cable, one masquerading rule and forwarding.
 *
 *   [ this machine ] ==veth== [ namespace: public address, wg interface ] ==tunnel== clients
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { derivePublicKey, encodeKey, generateKeyPair } from '@cvault/wireguard';
import { attempt, run, runWithInput } from './command.ts';
import { writePrivateFile } from './data-directory.ts';

export const DEMO_PORT = 51820;
export const DEMO_GATEWAY = '10.8.0.1/24';

export interface DemoVpnServer {
  readonly kind: 'real' | 'simulated';
  /** Why it is simulated; null where it is real. */
  readonly whySimulated: string | null;
  readonly interfaceName: string;
  readonly netns: string | null;
  readonly endpointHost: string;
  readonly publicKey: Buffer;
  /** This machine's end of the cable: the nearest address of "the internet" as the VPN server sees it; null if simulated. */
  readonly internetAddress: string | null;
  stop(): Promise<void>;
}

const TOOLS = ['ip', 'wg', 'nft', 'conntrack'] as const;

async function isInstalled(tool: string): Promise<boolean> {
  const folders = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/sbin', '/usr/local/bin'];
  const found = await Promise.all(
    folders.map((folder) =>
      access(`${folder}/${tool}`).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}

/** Why no real VPN server can be made here; null where one can. */
async function obstacle(): Promise<string | null> {
  if (process.platform !== 'linux') return 'this is not Linux';
  if (process.getuid?.() !== 0) return 'this process is not root';
  for (const tool of TOOLS) {
    if (!(await isInstalled(tool))) return `the program ${tool} is not installed`;
  }
  const probe = `cvprobe${process.pid % 100_000}`;
  const kernel = await run('ip', 'link', 'add', probe, 'type', 'wireguard').then(
    () => true,
    () => false,
  );
  await attempt('ip', 'link', 'delete', probe);
  if (!kernel && !(await isInstalled('wireguard-go'))) {
    return 'the kernel has no WireGuard, and wireguard-go is not installed';
  }
  return null;
}

/** The interface's key outlives starts: configurations that were handed out go on working. */
async function interfaceKey(dataDir: string) {
  const file = join(dataDir, 'wireguard.key');
  const kept = await readFile(file, 'utf8').catch(() => null);
  if (kept === null) await writeFile(file, `${encodeKey(generateKeyPair().privateKey)}\n`, { mode: 0o600 });
  return { file, text: (await readFile(file, 'utf8')).trim() };
}

/**
 * The networks that are set aside for documentation (RFC 5737): no machine has them in use, and unlike private ones the
 * agent lets devices reach them, so that they can play the internet. Each demo takes four addresses.
 */
const STAGE_NETWORKS = ['203.0.113.0', '198.51.100.0', '192.0.2.0'];
const CABLES_PER_NETWORK = 64;

interface Cable {
  readonly subnet: string;
  readonly outsideAddress: string;
  readonly insideAddress: string;
}

function cableAt(index: number): Cable {
  const prefix = STAGE_NETWORKS[Math.floor(index / CABLES_PER_NETWORK)]!.slice(0, -1);
  const first = (index % CABLES_PER_NETWORK) * 4;
  return {
    subnet: `${prefix}${first}/30`,
    outsideAddress: `${prefix}${first + 1}`,
    insideAddress: `${prefix}${first + 2}`,
  };
}

/** The addresses outlive starts, because configurations name them. The first that no other demo uses are taken. */
async function chooseCable(dataDir: string): Promise<Cable> {
  const file = join(dataDir, 'network.json');
  const kept = await readFile(file, 'utf8').catch(() => null);
  if (kept !== null) return JSON.parse(kept) as Cable;
  const inUse = await run('ip', '-4', 'address', 'show');
  for (let index = 0; index < STAGE_NETWORKS.length * CABLES_PER_NETWORK; index++) {
    const cable = cableAt(index);
    if (inUse.includes(` ${cable.outsideAddress}/`)) continue;
    await writePrivateFile(file, JSON.stringify(cable));
    return cable;
  }
  throw new Error('every address of the documentation networks is in use');
}

/** Names that follow from the data directory, so that several demos live side by side. */
function namesFor(dataDir: string) {
  const id = createHash('sha256').update(dataDir).digest('hex').slice(0, 8);
  return {
    netns: `cvault-${id}`,
    interfaceName: `cv-${id}`,
    outside: `cvo-${id}`,
    inside: `cvi-${id}`,
    table: `cvault_demo_${id}`,
  };
}

async function forwarding(on: boolean): Promise<void> {
  await writeFile('/proc/sys/net/ipv4/ip_forward', on ? '1' : '0');
}

/** The interface, by the kernel or by wireguard-go; answers wireguard-go's process where there is one. */
async function makeInterface(netns: string, name: string): Promise<ChildProcess | null> {
  const inNetns = ['netns', 'exec', netns] as const;
  try {
    await run('ip', '-n', netns, 'link', 'add', name, 'type', 'wireguard');
    return null;
  } catch {
    const userspace = spawn('ip', [...inNetns, 'wireguard-go', '--foreground', name], {
      stdio: 'ignore',
      detached: true,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LOG_LEVEL: 'error' },
    });
    for (let waited = 0; waited < 5_000; waited += 20) {
      if (
        await run('ip', ...inNetns, 'wg', 'show', name, 'listen-port').then(
          () => true,
          () => false,
        )
      )
        return userspace;
      await sleep(20);
    }
    userspace.kill('SIGKILL');
    throw new Error('wireguard-go did not make the interface');
  }
}

/** @returns a simulated one, with the reason, where the machine or its rights do not allow a real one */
export async function startDemoVpnServer(dataDir: string): Promise<DemoVpnServer> {
  const key = await interfaceKey(dataDir);
  const publicKey = derivePublicKey(Buffer.from(key.text, 'base64'));
  const names = namesFor(dataDir);
  const why = await obstacle();
  if (why !== null) return simulated(why, publicKey);

  const { netns, interfaceName, inside, outside, table } = names;
  const cable = await chooseCable(dataDir);
  const inNetns = ['netns', 'exec', netns] as const;
  let userspace: ChildProcess | null = null;
  let hadForwarding = true;

  const stop = async () => {
    if (userspace?.exitCode === null) {
      const ended = new Promise((resolve) => userspace?.once('exit', resolve));
      userspace.kill('SIGTERM');
      await Promise.race([ended, sleep(2_000)]);
    }
    await attempt('nft', 'delete', 'table', 'inet', table);
    await attempt('ip', 'link', 'delete', outside);
    await attempt('ip', 'netns', 'delete', netns);
    if (!hadForwarding) await forwarding(false).catch(() => undefined);
  };

  // What a start that was killed left behind.
  for (const pid of (await run('ip', 'netns', 'pids', netns).catch(() => '')).split('\n').filter(Boolean)) {
    process.kill(Number(pid), 'SIGKILL');
  }
  await stop();
  try {
    await run('ip', 'netns', 'add', netns);
    await run('ip', 'link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', netns);
    await run('ip', 'address', 'add', `${cable.outsideAddress}/30`, 'dev', outside);
    await run('ip', 'link', 'set', outside, 'up');
    await run('ip', '-n', netns, 'link', 'set', 'lo', 'up');
    await run('ip', '-n', netns, 'address', 'add', `${cable.insideAddress}/30`, 'dev', inside);
    await run('ip', '-n', netns, 'link', 'set', inside, 'up');
    await run('ip', '-n', netns, 'route', 'add', 'default', 'via', cable.outsideAddress);
    await run('ip', ...inNetns, 'sysctl', '-q', '-w', 'net.ipv4.ip_forward=1');
    userspace = await makeInterface(netns, interfaceName);
    await run(
      'ip',
      ...inNetns,
      'wg',
      'set',
      interfaceName,
      'listen-port',
      `${DEMO_PORT}`,
      'private-key',
      key.file,
    );
    await run('ip', '-n', netns, 'address', 'add', DEMO_GATEWAY, 'dev', interfaceName);
    await run('ip', '-n', netns, 'link', 'set', interfaceName, 'mtu', '1420', 'up');
    hadForwarding = (await readFile('/proc/sys/net/ipv4/ip_forward', 'utf8')).trim() === '1';
    if (!hadForwarding) await forwarding(true);
    await runWithInput(
      `table inet ${table} { chain out { type nat hook postrouting priority srcnat; ip saddr ${cable.subnet} oifname != "${outside}" masquerade; }; }`,
      'nft',
      '-f',
      '-',
    );
  } catch (cause) {
    await stop();
    return simulated(`the network could not be set up: ${(cause as Error).message}`, publicKey);
  }
  return {
    kind: 'real',
    whySimulated: null,
    interfaceName,
    netns,
    endpointHost: cable.insideAddress,
    publicKey,
    internetAddress: cable.outsideAddress,
    stop,
  };
}

function simulated(why: string, publicKey: Buffer): DemoVpnServer {
  return {
    kind: 'simulated',
    whySimulated: why,
    interfaceName: 'wg0',
    netns: null,
    endpointHost: '192.0.2.1',
    publicKey,
    internetAddress: null,
    stop: () => Promise.resolve(),
  };
}
