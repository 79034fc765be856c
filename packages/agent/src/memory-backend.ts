import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import type { Fault } from './guard.ts';
import { missingAddresses } from './own-addresses.ts';
import type { ObservedPeer, PeerChange, WireGuardBackend } from './backend.ts';

/** As with a real interface, changes run while it is read. */
const STEP_PEERS = 500;

export interface MemoryBackendOptions {
  readonly interfaceName?: string;
  readonly publicKey?: string;
  readonly listenPort?: number;
  readonly addresses?: readonly string[];
  readonly maxPeers?: number;
  readonly networksElsewhere?: readonly string[];
}

/** Changes somebody makes to the interface itself by hand. */
export interface HandSettings {
  readonly up?: boolean;
  readonly mtu?: number;
  readonly listenPort?: number;
  readonly name?: string;
  readonly removedAddress?: string;
}

/** An interface in memory, with the outside influences that tests and demonstrations need. */
export interface MemoryBackend extends WireGuardBackend {
  /** How many calls changed the interface, without reads and `byHand`. */
  readonly writes: number;
  /** As the interface has it; undefined for none. */
  presharedKey(publicKey: string): string | undefined;
  /** Simulates a handshake of a peer at this time, in milliseconds since 1970. */
  shakeHands(publicKey: string, at?: number): void;
  /** Changes the interface behind the agent's back, like `wg set` on a terminal. */
  byHand(...changes: PeerChange[]): void;
  /** Changes the interface's own settings behind the agent's back. */
  settingsByHand(settings: HandSettings): void;
  /** Simulates deleting and recreating the interface: without peers, with the same key. */
  recreate(): void;
  /** Simulates deleting the interface. */
  vanish(): void;
  /** Makes the next calls of `apply` fail after the first `changesMade` of their changes. */
  failNextApply(failure: { readonly times?: number; readonly changesMade?: number }): void;
}

/**
 * Behaves in memory like a WireGuard interface, including the silence about moved addresses and about its own key.
 */
export function createMemoryBackend(options: MemoryBackendOptions = {}): MemoryBackend {
  const interfaceName = options.interfaceName ?? 'wg0';
  const maxPeers = options.maxPeers ?? 65_536;
  const addresses = new Set(options.addresses);
  const description = {
    publicKey: options.publicKey ?? randomKey(),
    listenPort: options.listenPort ?? 51820,
  };
  const made = { up: true, mtu: 1420, listenPort: description.listenPort };
  let settings = { ...made, name: interfaceName };
  let life: number | undefined = 1;
  let lives = 1;
  let writes = 0;
  let failures = { times: 0, changesMade: 0 };
  const peers = new Map<string, Set<string>>();
  const holders = new Map<string, string>();
  const presharedKeys = new Map<string, string>();
  const handshakes = new Map<string, number>();

  function drop(publicKey: string): void {
    for (const prefix of peers.get(publicKey) ?? []) holders.delete(prefix);
    peers.delete(publicKey);
    presharedKeys.delete(publicKey);
    handshakes.delete(publicKey);
  }

  function put(publicKey: string, allowedIps: readonly string[]): void {
    if (publicKey === description.publicKey) return;
    if (!peers.has(publicKey) && peers.size >= maxPeers) throw new Error('the interface is full');
    for (const prefix of peers.get(publicKey) ?? []) holders.delete(prefix);
    for (const prefix of allowedIps) {
      const holder = holders.get(prefix);
      if (holder !== undefined) peers.get(holder)?.delete(prefix);
      holders.set(prefix, publicKey);
    }
    peers.set(publicKey, new Set(allowedIps));
  }

  function make(changes: readonly PeerChange[]): void {
    for (const change of changes) {
      if (change.kind === 'remove') {
        drop(change.publicKey);
        continue;
      }
      put(change.publicKey, change.allowedIps);
      if (change.kind === 'readdress') continue;
      if (change.presharedKey === undefined) presharedKeys.delete(change.publicKey);
      else presharedKeys.set(change.publicKey, change.presharedKey);
    }
  }

  function requireInterface(): void {
    if (life === undefined) throw new Error(`there is no interface ${interfaceName}`);
  }

  return {
    interfaceName,
    maxPeers,
    get writes() {
      return writes;
    },
    async describe() {
      await Promise.resolve();
      requireInterface();
      return { ...description, addresses: [...addresses] };
    },
    async peers() {
      await Promise.resolve();
      requireInterface();
      const observed: ObservedPeer[] = [];
      for (const [publicKey, allowedIps] of peers) {
        observed.push({ publicKey, allowedIps: [...allowedIps] });
        if (observed.length % STEP_PEERS === 0) await turn();
      }
      return observed;
    },
    async handshakes() {
      await Promise.resolve();
      requireInterface();
      const all = new Map<string, number>();
      for (const publicKey of peers.keys()) {
        all.set(publicKey, handshakes.get(publicKey) ?? 0);
        if (all.size % STEP_PEERS === 0) await turn();
      }
      return all;
    },
    async apply(changes) {
      await Promise.resolve();
      requireInterface();
      for (const change of changes) requireKey(change.publicKey);
      writes++;
      if (failures.times > 0) {
        failures = { ...failures, times: failures.times - 1 };
        make(changes.slice(0, failures.changesMade));
        throw new Error('the interface refused the changes');
      }
      make(changes);
    },
    async renew(renewed) {
      await Promise.resolve();
      requireInterface();
      writes++;
      for (const { publicKey, allowedIps } of renewed) {
        const presharedKey = presharedKeys.get(publicKey);
        drop(publicKey);
        put(publicKey, allowedIps);
        if (presharedKey !== undefined) presharedKeys.set(publicKey, presharedKey);
      }
    },
    async addAddresses(added) {
      await Promise.resolve();
      requireInterface();
      writes++;
      for (const address of added) addresses.add(address);
    },
    networksElsewhere: () => Promise.resolve([...(options.networksElsewhere ?? [])]),
    async faults(own) {
      await Promise.resolve();
      requireInterface();
      const found: Fault[] = [];
      const find = (code: string, mend: () => void) =>
        found.push({
          code,
          detail: `It was changed: ${code}.`,
          mend() {
            mend();
            return Promise.resolve();
          },
        });
      if (!settings.up) find('link_down', () => (settings = { ...settings, up: true }));
      if (settings.mtu !== made.mtu) find('mtu_changed', () => (settings = { ...settings, mtu: made.mtu }));
      const missing = missingAddresses(own, [...addresses]);
      if (missing.length > 0) {
        find('address_removed', () => {
          for (const address of missing) addresses.add(address);
        });
      }
      if (settings.listenPort !== made.listenPort) {
        find('listen_port_changed', () => (settings = { ...settings, listenPort: made.listenPort }));
      }
      return found;
    },
    takeNameBack() {
      const { name } = settings;
      settings = { ...settings, name: interfaceName };
      return Promise.resolve(name === interfaceName ? undefined : name);
    },
    incarnation: () => Promise.resolve(settings.name === interfaceName ? life?.toString() : undefined),
    presharedKey: (publicKey) => presharedKeys.get(publicKey),
    shakeHands(publicKey, at = Date.now()) {
      if (peers.has(publicKey)) handshakes.set(publicKey, Math.floor(at / 1000));
    },
    byHand: (...changes) => make(changes),
    settingsByHand({ removedAddress, ...changed }) {
      if (removedAddress !== undefined) addresses.delete(removedAddress);
      settings = { ...settings, ...changed };
    },
    recreate() {
      peers.clear();
      holders.clear();
      presharedKeys.clear();
      handshakes.clear();
      life = ++lives;
    },
    vanish() {
      life = undefined;
    },
    failNextApply({ times = 1, changesMade = 0 }) {
      failures = { times, changesMade };
    },
  };
}

/** Like `wg`, accepts any 32 bytes in canonical base64, even if they cannot be a public key. */
function requireKey(text: string): void {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== 32 || bytes.toString('base64') !== text) throw new Error('a key is malformed');
}

function randomKey(): string {
  const bytes = randomBytes(32);
  bytes.writeUInt8(bytes.readUInt8(31) & 0x7f, 31);
  return bytes.toString('base64');
}
