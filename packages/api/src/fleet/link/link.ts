import type { PushResult } from '../../devices/index.ts';
import type { Sample, StoredPass } from '../../usage/index.ts';
import type { AnswerOf, RequestOf, Verb } from '@cvault/protocol';
import { RequestRefused } from '../agent-client.ts';
import type { DesiredPeer, ObservedPeer } from '../peer.ts';
import type { HostReport } from '../ports.ts';
import { away } from './away.ts';
import type { Channel } from './channel.ts';
import { connecting } from './connecting.ts';
import { deliver } from './deliver.ts';
import { watchHost } from './host.ts';
import { sweep } from './outbox.ts';
import { ready } from './ready.ts';
import { reconciling } from './reconciling.ts';
import { repair } from './reconcile.ts';
import type { LinkContext, LinkDeps, LinkState, State } from './state.ts';

/** A cut channel is usually open again within a second. The VPN server counts as unreachable only after this time. */
const RECONNECT_GRACE_MS = 5_000;

/** An agent's report of its interface in one line. */
export interface AgentDigest {
  readonly epoch: string;
  readonly peers: number;
  /** 64 bits. */
  readonly digest: bigint;
  /** Peers that no device claims, and devices whose peer is missing or differs. */
  readonly drifted: number;
  /** The tunnel addresses last sent to it, separated by spaces. */
  readonly tunnelAddresses: string;
}

/** Runs one state to its end. */
function run(state: State<Exclude<LinkState, 'closed'>>, link: LinkContext): Promise<State> {
  switch (state.name) {
    case 'connecting':
      return connecting(state, link);
    case 'reconciling':
      return reconciling(state);
    case 'ready':
      return ready(state, link);
    case 'away':
      return away(state, link);
  }
}

/**
 * The connection to one VPN server: keeps one channel to its agent, reconciles whenever the channel is new, and
 * pushes changes through it. All of its work may be lost at any point; the next reconciliation repeats it.
 */
export class Link {
  readonly #context: LinkContext;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #state: State = {
    name: 'connecting',
    past: { failures: 0, tried: false, error: undefined, cutAt: undefined },
  };
  #settle: () => void = () => undefined;

  /** Resolves when the first attempt has ended, successful or not. */
  readonly settled: Promise<void> = new Promise((resolve) => {
    this.#settle = resolve;
  });

  constructor(deps: LinkDeps) {
    this.#context = {
      ...deps,
      stopped: this.#stop.signal,
      state: () => this.#state,
      conditionWrites: { last: Promise.resolve() },
    };
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    while (this.#state.name !== 'closed') {
      this.#state = await run(this.#state, this.#context);
      if (this.#state.name !== 'reconciling') this.#settle();
    }
  }

  get state(): LinkState {
    return this.#state.name;
  }

  /** False after a failed attempt to connect; null before that, and for a moment after a channel was cut. */
  get linked(): boolean | null {
    if (this.#channel !== undefined) return true;
    const { cutAt, tried } = this.#state.past;
    if (cutAt !== undefined && performance.now() - cutAt < RECONNECT_GRACE_MS) return null;
    return tried ? false : null;
  }

  /** Why it is away; undefined if it never was. */
  get lastError(): unknown {
    return this.#state.past.error;
  }

  get #channel(): Channel | undefined {
    return 'channel' in this.#state ? this.#state.channel : undefined;
  }

  get #readyChannel(): Channel | undefined {
    return this.#state.name === 'ready' ? this.#state.channel : undefined;
  }

  /**
   * Resolves at once if the VPN server is away, otherwise with its acknowledgement or at the deadline. Waits for
   * the first attempt to connect.
   */
  async push(peer: DesiredPeer): Promise<PushResult> {
    const { ackDeadlineMs, onEvent } = this.#context;
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<PushResult>((resolve) => {
      timer = setTimeout(() => resolve({ outcome: 'pending' }), ackDeadlineMs);
    });
    const pushed = this.#pushWhenSettled(peer).catch((error: unknown): PushResult => {
      onEvent({ type: 'failed', what: 'push', error });
      return { outcome: 'pending' };
    });
    const result = await Promise.race([pushed, deadline]).finally(() => clearTimeout(timer));
    onEvent({ type: 'pushed', outcome: result.outcome });
    return result;
  }

  async #pushWhenSettled(peer: DesiredPeer): Promise<PushResult> {
    if (this.#channel === undefined) await this.settled;
    return this.#channel === undefined ? { outcome: 'pending' } : deliver(this.#channel, peer);
  }

  /** Sends this VPN server's outbox entries. Does nothing while it is away: reconciling will. */
  async sweep(): Promise<void> {
    if (this.#channel !== undefined) await sweep(this.#channel);
  }

  /** Compares the VPN server with the database and repairs the differences. Does nothing unless the link is ready. */
  async reconcile(): Promise<void> {
    if (this.#readyChannel !== undefined) await repair(this.#readyChannel);
  }

  /**
   * The few numbers that describe the whole interface. `untold`: the agent is there and cannot answer; null: the
   * VPN server is away, or became so meanwhile.
   */
  async digest(): Promise<AgentDigest | 'untold' | null> {
    const channel = this.#readyChannel;
    if (channel === undefined) return null;
    const { client, tunnelAddresses } = channel;
    try {
      return { epoch: client.hello.epoch, tunnelAddresses, ...(await client.digest()) };
    } catch (error) {
      return error instanceof RequestRefused ? 'untold' : null;
    }
  }

  /** The peers on the interface now; null while the VPN server is away. */
  async list(): Promise<{ epoch: string; peers: ObservedPeer[] } | null> {
    const client = this.#readyChannel?.client;
    if (client === undefined) return null;
    return client.list().then(
      (peers) => ({ epoch: client.hello.epoch, peers }),
      () => null,
    );
  }

  /** Makes the agent check its host now; null while the VPN server is away. */
  async examineHost(): Promise<HostReport | null> {
    const channel = this.#channel;
    if (channel === undefined) return null;
    return watchHost(channel, { fresh: true }).then(
      () => channel.host,
      () => null,
    );
  }

  /** Sends a request to the agent; null while the VPN server is away, or if the agent refuses it or does not know the verb. */
  async ask<V extends Verb>(verb: V, request: RequestOf<V>): Promise<AnswerOf<V> | null> {
    return this.#channel?.client.ask(verb, request).catch(() => null) ?? null;
  }

  /**
   * Reads the counters of all devices; null while the VPN server is away.
   * @param stored the last pass that was stored completely, of any epoch
   */
  async stats(stored: StoredPass | null): Promise<Sample | null> {
    if (this.#channel === undefined) return null;
    const { client } = this.#channel;
    const { epoch } = client.hello;
    const { devices, ...sample } = await client.stats(stored?.epoch === epoch ? stored.pass : undefined);
    return { ...sample, epoch, readings: devices };
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#channel?.client.close();
    await this.#running;
  }
}
