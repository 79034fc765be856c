import { setImmediate as turn } from 'node:timers/promises';
import type { ObservedPeer, PeerChange, WireGuardBackend } from './backend.ts';
import { detached } from './detached.ts';
import type { Fault } from './guard.ts';
import { nameOfIndex, readAddresses, readLink, readNetworksElsewhere, watchIndex } from './link.ts';
import { missingAddresses } from './own-addresses.ts';
import { createReadingTurns } from './reading-turns.ts';
import type { RunTool } from './tool.ts';

const KERNEL_MAX_PEERS = 2 ** 20;
const USERSPACE_MAX_PEERS = 2 ** 16;

/**
 * A real interface through the `wg` tool, which controls both the kernel and wireguard-go.
 *
 * Peers are read by `wg show … allowed-ips` and never by `dump`, so endpoints, preshared keys and the interface's
 * private key never enter the agent's memory.
 */
export async function createWgBackend(interfaceName: string, runTool: RunTool): Promise<WireGuardBackend> {
  const link = await readLink(runTool, interfaceName);
  const isKernelWireGuard = link?.isKernelWireGuard === true;
  // The kernel accepts changes while it is read.
  const turns = isKernelWireGuard ? undefined : createReadingTurns();
  async function show(what: string): Promise<string> {
    const read = () => runTool('wg', ['show', interfaceName, what]);
    return turns === undefined ? read() : turns.take(what, read);
  }
  const showOne = async (what: string) => (await show(what)).trim();
  const set = async (what: string, value: string) => {
    await runTool('wg', ['set', interfaceName, what, value]);
  };
  /** The settings at the start, which the interface was created with. */
  const settings =
    link === undefined ? undefined : { port: await showOne('listen-port'), mark: await showOne('fwmark') };

  async function addAddresses(addresses: readonly string[]): Promise<void> {
    for (const address of addresses) {
      await runTool('ip', ['address', 'replace', address, 'dev', interfaceName]);
    }
  }

  async function faults(own: readonly string[]): Promise<Fault[]> {
    const now = await readLink(runTool, interfaceName);
    // Gone or recreated: this is not mended, a new epoch begins.
    if (link === undefined || settings === undefined || now?.index !== link.index) return [];
    const found: Fault[] = [];
    const find = (code: string, detail: string, mend: () => Promise<unknown>) =>
      found.push({ code, detail, mend: () => mend().then(() => undefined) });
    if (!now.isUp) {
      find('link_down', `The interface ${interfaceName} was down.`, () =>
        runTool('ip', ['link', 'set', 'dev', interfaceName, 'up']),
      );
    }
    if (now.mtu !== link.mtu) {
      find('mtu_changed', `The MTU of ${interfaceName} was ${now.mtu} instead of ${link.mtu}.`, () =>
        runTool('ip', ['link', 'set', 'dev', interfaceName, 'mtu', String(link.mtu)]),
      );
    }
    const missing = missingAddresses(own, await readAddresses(runTool, interfaceName));
    if (missing.length > 0) {
      const detail = `The interface ${interfaceName} had lost ${missing.join(', ')}.`;
      find('address_removed', detail, () => addAddresses(missing));
    }
    const [port, mark] = await Promise.all([showOne('listen-port'), showOne('fwmark')]);
    if (port !== settings.port) {
      const detail = `The interface ${interfaceName} listened on UDP port ${port} instead of ${settings.port}.`;
      find('listen_port_changed', detail, () => set('listen-port', settings.port));
    }
    if (mark !== settings.mark) {
      const detail = `The interface ${interfaceName} marked its packets with ${mark} instead of ${settings.mark}.`;
      find('fwmark_changed', detail, () => set('fwmark', settings.mark === 'off' ? '0' : settings.mark));
    }
    return found;
  }

  return {
    interfaceName,
    maxPeers: isKernelWireGuard ? KERNEL_MAX_PEERS : USERSPACE_MAX_PEERS,
    async describe() {
      const [publicKey, listenPort, addresses] = await Promise.all([
        showOne('public-key'),
        showOne('listen-port'),
        readAddresses(runTool, interfaceName),
      ]);
      return { publicKey, listenPort: Number(listenPort), addresses };
    },
    async peers() {
      const peers: ObservedPeer[] = [];
      for await (const part of inParts(await show('allowed-ips'))) {
        for (const peer of parseAllowedIps(part)) peers.push(peer);
      }
      return peers;
    },
    async handshakes() {
      const handshakes = new Map<string, number>();
      for await (const part of inParts(await show('latest-handshakes'))) {
        for (const [publicKey, seconds] of parsePairs(part))
          handshakes.set(detached(publicKey), Number(seconds));
      }
      return handshakes;
    },
    async apply(changes) {
      turns?.noteChange();
      for (const run of runsOfOneTool(changes)) {
        if (run.text === undefined) {
          await runTool('wg', ['set', interfaceName, ...run.changes.flatMap(changeArguments)]);
        } else {
          await runTool('wg', ['addconf', interfaceName, '/proc/self/fd/0'], run.text);
        }
      }
    },
    async renew(peers) {
      const presharedKeys = parsePairs(await runTool('wg', ['show', interfaceName, 'preshared-keys']));
      const sections = peers.map(({ publicKey, allowedIps }) => {
        const presharedKey = presharedKeys.get(publicKey);
        if (presharedKey === undefined) return '';
        const kept = presharedKey === '(none)' ? {} : { presharedKey };
        return peerSection({ publicKey, allowedIps, ...kept });
      });
      const removals = peers.flatMap(({ publicKey }) => ['peer', publicKey, 'remove']);
      await runTool('wg', ['set', interfaceName, ...removals]);
      await runTool('wg', ['addconf', interfaceName, '/proc/self/fd/0'], sections.join(''));
    },
    addAddresses,
    faults,
    async takeNameBack() {
      const name = link === undefined ? undefined : await nameOfIndex(runTool, link.index);
      if (name === undefined || name === interfaceName) return undefined;
      // An older kernel renames only interfaces that are down.
      for (const change of [['down'], ['name', interfaceName]]) {
        await runTool('ip', ['link', 'set', 'dev', name, ...change]);
      }
      await runTool('ip', ['link', 'set', 'dev', interfaceName, 'up']);
      return name;
    },
    networksElsewhere: () => readNetworksElsewhere(runTool, interfaceName),
    incarnation: await watchIndex(runTool, interfaceName),
  };
}

type PeerSettings = Omit<Extract<PeerChange, { kind: 'set' }>, 'kind'>;

interface Run {
  readonly changes: readonly PeerChange[];
  /** The input of `wg addconf`, if one has a preshared key. */
  readonly text: string | undefined;
}

/** The key that stands for none in `wg addconf`, where leaving out the line does not remove it. */
const NO_PRESHARED_KEY = Buffer.alloc(32).toString('base64');

/**
 * Preshared keys go to `wg addconf` on standard input, because everybody on the machine can read a process's
 * arguments. It leaves other peers alone but cannot remove, so removals use `wg set`, as do calls without any
 * preshared key.
 */
function runsOfOneTool(changes: readonly PeerChange[]): Run[] {
  if (!changes.some((change) => change.kind === 'set' && change.presharedKey !== undefined)) {
    return changes.length === 0 ? [] : [{ changes, text: undefined }];
  }
  const runs: { sets: boolean; changes: PeerChange[] }[] = [];
  for (const change of changes) {
    const last = runs.at(-1);
    const sets = change.kind === 'set';
    if (last?.sets === sets) last.changes.push(change);
    else runs.push({ sets, changes: [change] });
  }
  return runs.map(({ sets, changes: some }) => ({
    changes: some,
    text: sets
      ? some.map((change) => (change.kind === 'set' ? peerSection(change) : '')).join('')
      : undefined,
  }));
}

function peerSection({ publicKey, presharedKey = NO_PRESHARED_KEY, allowedIps }: PeerSettings): string {
  const prefixes = allowedIps.length === 0 ? '' : `AllowedIPs = ${allowedIps.join(', ')}\n`;
  return `[Peer]\nPublicKey = ${publicKey}\nPresharedKey = ${presharedKey}\n${prefixes}`;
}

function changeArguments(change: PeerChange): string[] {
  if (change.kind === 'remove') return ['peer', change.publicKey, 'remove'];
  if (change.kind === 'readdress') {
    return ['peer', change.publicKey, 'allowed-ips', change.allowedIps.join(',')];
  }
  return [
    ...['peer', change.publicKey, 'preshared-key', '/dev/null'],
    ...['allowed-ips', change.allowedIps.join(',')],
  ];
}

/** Reads lines of `key TAB value`. */
function parsePairs(text: string): Map<string, string> {
  const lines = text.split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => line.split('\t') as [string, string]));
}

/** Text read in one step: some hundred peers. */
const STEP_CHARACTERS = 16_384;

/** Splits text at line ends into parts, and yields to other work between them. */
async function* inParts(text: string): AsyncGenerator<string> {
  for (let start = 0; start < text.length;) {
    const found = text.indexOf('\n', start + STEP_CHARACTERS);
    const end = found === -1 ? text.length : found + 1;
    yield text.slice(start, end);
    start = end;
    await turn();
  }
}

/** Reads lines of `key TAB prefix SPACE prefix …`; a peer without any shows `(none)`. */
function parseAllowedIps(text: string): ObservedPeer[] {
  const peers: ObservedPeer[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [publicKey = '', prefixes = ''] = line.split('\t');
    const allowedIps = prefixes === '(none)' ? [] : prefixes.split(' ').filter((prefix) => prefix !== '');
    peers.push({ publicKey: detached(publicKey), allowedIps: allowedIps.map(detached) });
  }
  return peers;
}
