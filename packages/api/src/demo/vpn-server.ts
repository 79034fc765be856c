/**
 * The demo's VPN server: a real WireGuard interface in its own network namespace. The machine's network gets only
 * one virtual cable, one masquerading rule and forwarding.
 *
 *   [ this machine ] ==veth== [ namespace: public address, wg interface ] ==tunnel== clients
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { derivePublicKey, encodeKey, generateKeyPair } from '@cvault/wireguard';
import { type Cable, CABLES, layCable, UPLINK } from './cable.ts';
import { attempt, run } from './command.ts';
import { writePrivateFile } from './data-directory.ts';
import { forward, forwardsIpv6, keepForwarding } from './forwarding.ts';
import { clearVpnServer, namesFor } from './leftovers.ts';

export const DEMO_PORT = 51820;
const DEMO_GATEWAY = '10.8.0.1/24';

export interface DemoVpnServer {
  readonly kind: 'real' | 'simulated';
  /** Why it is simulated; null if it is real. */
  readonly whySimulated: string | null;
  readonly interfaceName: string;
  readonly netns: string | null;
  readonly endpointHost: string;
  readonly hasIpv6: boolean;
  readonly publicKey: Buffer;
  /** This machine's end of the cable, which is "the internet" for the VPN server. */
  readonly internet: { readonly address: string; readonly address6: string | null } | null;
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

/** Why this machine cannot run a real VPN server; null if it can. */
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
  if (kernel) await attempt('ip', 'link', 'delete', probe);
  if (!kernel && !(await isInstalled('wireguard-go'))) {
    return 'the kernel has no WireGuard, and wireguard-go is not installed';
  }
  return null;
}

/** The interface's key is kept across starts, so that configurations stay valid. */
async function interfaceKey(dataDir: string) {
  const file = join(dataDir, 'wireguard.key');
  const kept = await readFile(file, 'utf8').catch(() => null);
  if (kept === null) await writeFile(file, `${encodeKey(generateKeyPair().privateKey)}\n`, { mode: 0o600 });
  return { file, text: (await readFile(file, 'utf8')).trim() };
}

/** Prefers the last start's cable, because configurations contain its addresses; others may use it by now. */
async function connect(dataDir: string, netns: string): Promise<Cable> {
  const file = join(dataDir, 'cable.json');
  const kept = await readFile(file, 'utf8').catch(() => null);
  const { index } = JSON.parse(kept ?? '{}') as { index?: number };
  const all = Array.from({ length: CABLES }, (_, each) => each);
  const cable = await layCable(netns, index === undefined ? all : [index, ...all]);
  await writePrivateFile(file, JSON.stringify({ index: cable.index }));
  return cable;
}

/** Creates the interface with the kernel or wireguard-go; returns wireguard-go's process, if any. */
async function makeInterface(netns: string, name: string, signal: AbortSignal): Promise<ChildProcess | null> {
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
    for (let waited = 0; waited < 30_000 && userspace.exitCode === null; waited += 20) {
      if (
        await run('ip', ...inNetns, 'wg', 'show', name, 'listen-port').then(
          () => true,
          () => false,
        )
      )
        return userspace;
      await sleep(20, undefined, { signal });
    }
    userspace.kill('SIGKILL');
    throw new Error('wireguard-go did not make the interface');
  }
}

/** Sets up the namespace's end of the cable and its default route. */
async function setUpUplink(netns: string, cable: Cable): Promise<void> {
  await run('ip', 'link', 'set', cable.name, 'up');
  await run('ip', '-n', netns, 'link', 'set', 'lo', 'up');
  await run('ip', '-n', netns, 'address', 'add', `${cable.insideAddress}/30`, 'dev', UPLINK);
  await run('ip', '-n', netns, 'link', 'set', UPLINK, 'up');
  await run('ip', '-n', netns, 'route', 'add', 'default', 'via', cable.outsideAddress);
  await run('ip', 'netns', 'exec', netns, 'sysctl', '-q', '-w', 'net.ipv4.ip_forward=1');
  const { ipv6 } = cable;
  if (ipv6 === null) return;
  await run('ip', '-n', netns, '-6', 'address', 'add', `${ipv6.insideAddress}/64`, 'dev', UPLINK, 'nodad');
  // If this machine forwards no IPv6, devices get an immediate error and use IPv4, instead of waiting for a
  // timeout.
  const wayOut = (await forwardsIpv6())
    ? ['default', 'via', ipv6.outsideAddress]
    : ['unreachable', 'default'];
  await run('ip', '-n', netns, '-6', 'route', 'add', ...wayOut);
  await run('ip', 'netns', 'exec', netns, 'sysctl', '-q', '-w', 'net.ipv6.conf.all.forwarding=1');
}

/**
 * @param signal aborts the start
 * @returns a simulated server with the reason, if the machine or its rights do not allow a real one
 */
export async function startDemoVpnServer(dataDir: string, signal: AbortSignal): Promise<DemoVpnServer> {
  const key = await interfaceKey(dataDir);
  const publicKey = derivePublicKey(Buffer.from(key.text, 'base64'));
  const why = await obstacle();
  if (why !== null) return simulated(why, publicKey);

  const { id, netns, interfaceName } = namesFor(dataDir);
  let userspace: ChildProcess | null = null;
  const stop = async () => {
    if (userspace?.exitCode === null) {
      const ended = new Promise((resolve) => userspace?.once('exit', resolve));
      userspace.kill('SIGTERM');
      await Promise.race([ended, sleep(2_000)]);
    }
    await clearVpnServer(dataDir);
  };
  try {
    await run('ip', 'netns', 'add', netns);
    const cable = await connect(dataDir, netns);
    await setUpUplink(netns, cable);
    userspace = await makeInterface(netns, interfaceName, signal);
    await run(
      ...(['ip', 'netns', 'exec', netns, 'wg', 'set', interfaceName] as const),
      ...['listen-port', `${DEMO_PORT}`, 'private-key', key.file],
    );
    await run('ip', '-n', netns, 'address', 'add', DEMO_GATEWAY, 'dev', interfaceName);
    await run('ip', '-n', netns, 'link', 'set', interfaceName, 'mtu', '1420', 'up');
    await forward(id, cable);
    await keepForwarding();
    return {
      kind: 'real',
      whySimulated: null,
      interfaceName,
      netns,
      endpointHost: cable.insideAddress,
      hasIpv6: cable.ipv6 !== null,
      publicKey,
      internet: { address: cable.outsideAddress, address6: cable.ipv6?.outsideAddress ?? null },
      stop,
    };
  } catch (cause) {
    await stop();
    signal.throwIfAborted();
    return simulated(`the network could not be set up: ${(cause as Error).message}`, publicKey);
  }
}

function simulated(why: string, publicKey: Buffer): DemoVpnServer {
  return {
    kind: 'simulated',
    whySimulated: why,
    interfaceName: 'wg0',
    netns: null,
    endpointHost: '192.0.2.1',
    hasIpv6: true,
    publicKey,
    internet: null,
    stop: () => Promise.resolve(),
  };
}
