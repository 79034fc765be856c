import { randomBytes } from 'node:crypto';
import { PROTOCOL_VERSION, type Answer, type Hello } from '@cvault/protocol';
import type { WireGuardBackend } from './backend.ts';
import { Applier } from './applier.ts';
import { hostPrefix, prefixAddress } from './host-prefix.ts';
import { Listing } from './listing.ts';
import type { ReceivedRequest } from './requests.ts';
import { createSerialQueue } from './serial-queue.ts';
import { InterfaceState } from './state.ts';
import type { Traffic } from './traffic.ts';
import { UncutFlows } from './uncut-flows.ts';
import { AGENT_VERSION } from './version.ts';

/** The interface that this agent's epoch is about is gone; what the agent knows is worth nothing any more. */
export class InterfaceLost extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InterfaceLost';
  }
}

/** One control plane's conversation with the agent. All conversations of an agent share its state. */
export interface Session {
  readonly hello: Hello;
  /** @throws {InterfaceLost} */
  answer(request: ReceivedRequest): Promise<Answer>;
}

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
  await traffic.install();
  const description = await backend.describe();
  const state = new InterfaceState();
  state.observe(await backend.peers(), new Set());

  const lost = new AbortController();
  const queue = createSerialQueue();
  const readings = createSerialQueue();
  const applier = new Applier({
    backend,
    traffic,
    context: {
      state,
      uncut: new UncutFlows(),
      maxPeers: Math.min(backend.maxPeers, options.maxPeers ?? backend.maxPeers),
      ownPublicKey: description.publicKey,
      ownPrefixes: new Set(
        description.addresses.flatMap((address) => hostPrefix(prefixAddress(address)) ?? []),
      ),
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
  async function readInterface(): Promise<Listing> {
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
          return Promise.resolve(new Listing(state));
        });
      } finally {
        applier.stopWatching();
      }
    });
  }

  async function apply(request: Extract<ReceivedRequest, { type: 'apply' }>): Promise<Answer> {
    const { id } = request;
    if (request.epoch !== epoch) {
      return { type: 'refused', id, code: 'wrong_epoch', detail: `the epoch is ${epoch}` };
    }
    return queue.run(async () => {
      await checkInterface();
      const results = await applier.apply(request.ops);
      await checkInterface();
      return { type: 'applied', id, results };
    });
  }

  function openSession(): Session {
    let listing: Listing | undefined;

    async function list(request: Extract<ReceivedRequest, { type: 'list' }>): Promise<Answer> {
      const { id, after } = request;
      if (after === undefined) {
        listing = await readInterface();
      } else {
        listing ??= await queue.run(() => Promise.resolve(new Listing(state)));
      }
      const page = listing.page(after);
      if (!page.more) listing = undefined;
      return { type: 'listed', id, epoch, ...page };
    }

    async function status(id: number): Promise<Answer> {
      await checkInterface();
      return { type: 'status', id, epoch, peerCount: state.peerCount };
    }

    return {
      hello: {
        type: 'hello',
        protocol: PROTOCOL_VERSION,
        agentVersion: options.version ?? AGENT_VERSION,
        epoch,
        interface: backend.interfaceName,
        publicKey: description.publicKey,
        listenPort: description.listenPort,
        peerCount: state.peerCount,
      },
      async answer(request) {
        lost.signal.throwIfAborted();
        try {
          switch (request.type) {
            case 'apply':
              return await apply(request);
            case 'list':
              return await list(request);
            case 'status':
              return await status(request.id);
          }
        } catch (error) {
          await checkInterface();
          if (error instanceof InterfaceLost) throw error;
          return {
            type: 'refused',
            id: request.id,
            code: 'failed',
            detail: 'the interface could not be read',
          };
        }
      },
    };
  }

  const watch = setInterval(() => {
    void checkInterface().catch(() => undefined);
  }, options.watchIntervalMs ?? 1000);
  watch.unref();

  return {
    epoch,
    lost: lost.signal,
    openSession,
    async close() {
      clearInterval(watch);
      await queue.run(() => Promise.resolve());
    },
  };
}
