import { randomBytes } from 'node:crypto';
import { PROTOCOL_VERSION, type Hello, type OpResult } from '@cvault/protocol';
import type { WireGuardBackend } from './backend.ts';
import { Applier } from './applier.ts';
import { hostPrefix, prefixAddress } from './host-prefix.ts';
import { InterfaceLost } from './interface-lost.ts';
import { Metering } from './metering.ts';
import { OwnAddresses, missingAddresses } from './own-addresses.ts';
import type { ReceivedOp } from './requests.ts';
import { createSerialQueue } from './serial-queue.ts';
import { openSession, type Session } from './session.ts';
import { InterfaceState } from './state.ts';
import type { Traffic } from './traffic.ts';
import { UncutFlows } from './uncut-flows.ts';
import { UnsettledCounts } from './unsettled-counts.ts';
import { AGENT_VERSION } from './version.ts';

export interface Agent {
  /** Random id of this life of the agent and its interface: 32 hexadecimal digits. */
  readonly epoch: string;
  /** Aborted, with an InterfaceLost as its reason, once the interface is gone or was made anew. */
  readonly lost: AbortSignal;
  openSession(): Session;
  /** Stops watching the interface, after what is under way is done. Tunnels and traffic rules stay. */
  close(): Promise<void>;
}

export interface AgentOptions {
  readonly backend: WireGuardBackend;
  readonly traffic: Traffic;
  readonly version?: string;
  /** Lowers the number of peers that the backend could hold. */
  readonly maxPeers?: number;
  /** How often to look whether the interface is still the same, while nobody asks for anything. */
  readonly watchIntervalMs?: number;
}

/** Puts the traffic rules in place, reads the interface and begins a new epoch. */
export async function createAgent(options: AgentOptions): Promise<Agent> {
  const { backend, traffic } = options;
  const epoch = randomBytes(16).toString('hex');
  const incarnation = await backend.incarnation();
  if (incarnation === undefined) throw new InterfaceLost(`there is no interface ${backend.interfaceName}`);
  const description = await backend.describe();
  const own = new OwnAddresses(description.addresses);
  await traffic.install(own.all);
  const state = new InterfaceState();
  state.observe(await backend.peers(), new Set());

  const unsettled = new UnsettledCounts();
  const queue = createSerialQueue();
  const memory = await traffic.meter.open();
  const metering = new Metering({ meter: traffic.meter, memory, backend, state, unsettled, queue });

  const lost = new AbortController();
  const readings = createSerialQueue();
  const applier = new Applier({
    backend,
    traffic,
    metering,
    context: {
      state,
      uncut: new UncutFlows(),
      unsettled,
      maxPeers: Math.min(backend.maxPeers, options.maxPeers ?? backend.maxPeers),
      ownPublicKey: description.publicKey,
      ownPrefixes: own.hosts,
    },
  });

  function lose(message: string): InterfaceLost {
    const error = new InterfaceLost(message);
    if (!lost.signal.aborted) lost.abort(error);
    return error;
  }

  async function checkInterface(): Promise<void> {
    lost.signal.throwIfAborted();
    const now = await backend.incarnation();
    if (now === undefined) throw lose(`interface ${backend.interfaceName} is gone`);
    if (now !== incarnation) throw lose(`interface ${backend.interfaceName} was made anew`);
  }

  /**
   * Reads the interface while batches go on: a reading of 50,000 peers takes a third of a second, too long for a
   * registration to wait for. What batches change meanwhile is known better than what the reading shows.
   */
  async function readInterface<T>(view: (state: InterfaceState) => T): Promise<T> {
    return readings.run(async () => {
      const touched = applier.watchTouchedKeys();
      try {
        const [peers, now] = await Promise.all([backend.peers(), backend.describe()]);
        if (now.publicKey !== description.publicKey) {
          throw lose(`interface ${backend.interfaceName} has another key`);
        }
        await checkInterface();
        return await queue.run(() => {
          state.observe(peers, touched);
          return Promise.resolve(view(state));
        });
      } finally {
        applier.stopWatching();
      }
    });
  }

  async function apply(ops: readonly ReceivedOp[]): Promise<OpResult[]> {
    return queue.run(async () => {
      await checkInterface();
      const results = await applier.apply(ops);
      await checkInterface();
      return results;
    });
  }

  async function configure(addresses: readonly string[]): Promise<string | undefined> {
    return queue.run(async () => {
      await checkInterface();
      const taken = addresses.find((address) => {
        const host = hostPrefix(prefixAddress(address));
        return (
          host === undefined || state.prefixOwner(host) !== undefined || state.holder(host) !== undefined
        );
      });
      if (taken !== undefined) return 'an address is held by a peer';
      const missing = missingAddresses(addresses, (await backend.describe()).addresses);
      if (missing.length > 0) await backend.addAddresses(missing);
      if (own.add(addresses)) await traffic.install(own.all);
      await checkInterface();
      return undefined;
    });
  }

  const hello = (): Hello => ({
    type: 'hello',
    protocol: PROTOCOL_VERSION,
    agentVersion: options.version ?? AGENT_VERSION,
    epoch,
    interface: backend.interfaceName,
    publicKey: description.publicKey,
    listenPort: description.listenPort,
    peerCount: state.peerCount,
  });

  const watch = setInterval(() => {
    void checkInterface().catch(() => undefined);
  }, options.watchIntervalMs ?? 1000);
  watch.unref();

  return {
    epoch,
    lost: lost.signal,
    openSession: () =>
      openSession({
        hello: hello(),
        lost: lost.signal,
        checkInterface,
        apply,
        configure,
        readInterface,
        life: metering.life,
        readStats: (stored) => metering.read(stored),
        view: (look) => queue.run(() => Promise.resolve(look(state))),
      }),
    async close() {
      clearInterval(watch);
      await queue.run(() => Promise.resolve());
    },
  };
}
