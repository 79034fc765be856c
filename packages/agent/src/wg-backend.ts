import type { ObservedPeer, PeerChange, WireGuardBackend } from './backend.ts';
import { readAddresses, readLink, watchIndex } from './link.ts';
import type { RunTool } from './tool.ts';

const KERNEL_MAX_PEERS = 2 ** 20;
const USERSPACE_MAX_PEERS = 2 ** 16;

/**
 * A real interface through the `wg` tool, which speaks to the kernel and to wireguard-go alike.
 *
 * Peers are read by `wg show … allowed-ips` and never by `dump`: so endpoints, preshared keys and the interface's
 * private key do not even enter the agent's memory.
 */
export async function createWgBackend(interfaceName: string, runTool: RunTool): Promise<WireGuardBackend> {
  const link = await readLink(runTool, interfaceName);

  return {
    interfaceName,
    maxPeers: link?.isKernelWireGuard === true ? KERNEL_MAX_PEERS : USERSPACE_MAX_PEERS,
    async describe() {
      const [publicKey, listenPort, addresses] = await Promise.all([
        runTool('wg', ['show', interfaceName, 'public-key']),
        runTool('wg', ['show', interfaceName, 'listen-port']),
        readAddresses(runTool, interfaceName),
      ]);
      return { publicKey: publicKey.trim(), listenPort: Number(listenPort.trim()), addresses };
    },
    async peers() {
      return parseAllowedIps(await runTool('wg', ['show', interfaceName, 'allowed-ips']));
    },
    async apply(changes) {
      await runTool('wg', ['set', interfaceName, ...changes.flatMap(changeArguments)]);
    },
    incarnation: await watchIndex(runTool, interfaceName),
  };
}

function changeArguments(change: PeerChange): string[] {
  if (change.kind === 'remove') return ['peer', change.publicKey, 'remove'];
  return ['peer', change.publicKey, 'allowed-ips', change.allowedIps.join(',')];
}

/** Reads lines of `key TAB prefix SPACE prefix …`; a peer without any shows `(none)`. */
export function parseAllowedIps(text: string): ObservedPeer[] {
  const peers: ObservedPeer[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [publicKey = '', prefixes = ''] = line.split('\t');
    const allowedIps = prefixes === '(none)' ? [] : prefixes.split(' ').filter((prefix) => prefix !== '');
    peers.push({ publicKey: detached(publicKey), allowedIps: allowedIps.map(detached) });
  }
  return peers;
}

/** A part of a string keeps the whole string in memory; the agent keeps these for as long as it lives. */
function detached(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
