import type { Duplex } from 'node:stream';
import type { PushResult } from '../devices/index.ts';
import { reached } from '../platform/observability/steps.ts';
import type { Sample, StoredPass } from '../usage/index.ts';
import type { Acknowledgement, DesiredPeer, ObservedPeer } from './peer.ts';
import type { PeerStore } from './ports.ts';
import { type Drift, isNoted, planReconcile } from './reconcile.ts';
import { type HostReport, MAX_BATCH_OPS, type Op, type OpResult } from '@cvault/protocol';
import { AgentClient, RequestRefused } from './agent-client.ts';
import { Batcher } from './batcher.ts';
import type { OpOf } from './ops.ts';
import type { Transport } from './transports/transport.ts';
import { tunnelNetworks } from './tunnel-networks.ts';

export type LinkState = 'connecting' | 'reconciling' | 'ready' | 'away' | 'closed';

/** What a link tells of itself; the log turns it into lines. */
export type LinkEvent =
  | { readonly type: 'ready'; readonly epoch: string; readonly peers: number; readonly changes: number }
  | {
      readonly type: 'repaired';
      readonly evicted: number;
      readonly removed: number;
      readonly set: number;
      readonly drift: Drift;
    }
  | { readonly type: 'pushed'; readonly outcome: PushResult['outcome'] }
  | { readonly type: 'host'; readonly report: HostReport }
  | { readonly type: 'away'; readonly error: unknown }
  | {
      readonly type: 'refused';
      readonly peer: DesiredPeer;
      readonly outcome: string;
      readonly detail: string;
    }
  | { readonly type: 'failed'; readonly what: string; readonly error: unknown };

export interface LinkDeps {
  readonly serverId: string;
  /** The interface that must answer, in canonical base64: another one would leave the devices without a handshake. */
  readonly publicKey: string;
  readonly transport: Transport;
  readonly peers: PeerStore;
  readonly opOf: OpOf;
  readonly onEvent: (event: LinkEvent) => void;
  readonly ackDeadlineMs: number;
}

const RETRY_FIRST_MS = 250;
const RETRY_MOST_MS = 15_000;
/** Ends attempts to connect that hang. */
const CONNECT_DEADLINE_MS = 40_000;
/** A channel that was cut is mostly open again within a second. Only after this is the VPN server called unreachable. */
const RECONNECT_GRACE_MS = 5_000;
/** Most outbox entries that are claimed at once. */
const SWEEP_ENTRIES = 512;
/** Most acknowledgements that are written in one statement. */
const ACKS_MAX = 1_000;

/** What an agent says of its interface in one line. */
export interface AgentDigest {
  readonly epoch: string;
  readonly peers: number;
  /** 64 bits. */
  readonly digest: bigint;
  /** Peers that no device claims, and devices whose peer is missing or differs. */
  readonly drifted: number;
  /** What it was told last of its own tunnel addresses, separated by spaces. */
  readonly tunnelAddresses: string;
}

/** One life of a channel: its client, and what is batched on the way to the agent and back to the database. */
interface Channel {
  readonly client: AgentClient;
  readonly ops: Batcher<Op, OpResult>;
  /** Answers whether it is written down. */
  readonly acks: Batcher<Acknowledgement, boolean>;
  /** What its agent says of its host: while it names a problem, no device there is taken for active. */
  host: HostReport;
  /** The VPN server's own tunnel addresses that the agent has taken. */
  tunnelAddresses: string;
  /** Whether a device's address is in one of their networks. */
  inTunnel: (address: string) => boolean;
}

/**
 * The way to one VPN server: keeps one channel to its agent, reconciles whenever the channel is new, and pushes
 * changes through it. Everything that it does can be lost at any point and is made up for by the next reconcile.
 */
export class Link {
  readonly #deps: LinkDeps;
  readonly #stop = new AbortController();
  #state: LinkState = 'connecting';
  #channel: Channel | undefined;
  #reconciling: Promise<void> = Promise.resolve();
  #wakeRetry: (() => void) | undefined;
  #running: Promise<void>;
  #lastError: unknown;
  #tried = false;
  /** When the last channel was cut, by performance.now(); undefined once an attempt to connect has failed since. */
  #cutAt: number | undefined;
  #noting: Promise<void> = Promise.resolve();
  #settle: () => void = () => undefined;

  /** Resolves when the first attempt has come to an end, whichever. */
  readonly settled: Promise<void> = new Promise((resolve) => {
    this.#settle = resolve;
  });

  constructor(deps: LinkDeps) {
    this.#deps = deps;
    this.#running = this.#run();
  }

  get state(): LinkState {
    return this.#state;
  }

  /** False once an attempt to connect has failed; null before that, and for a moment after a channel was cut. */
  get linked(): boolean | null {
    if (this.#channel !== undefined) return true;
    if (this.#cutAt !== undefined && performance.now() - this.#cutAt < RECONNECT_GRACE_MS) return null;
    return this.#tried ? false : null;
  }

  /** Why it is away; undefined where it never was. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /**
   * Answers at once where the VPN server is away, else when it has acknowledged, or at the deadline. While the first
   * attempt to connect is under way, it is waited for.
   */
  async push(peer: DesiredPeer): Promise<PushResult> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<PushResult>((resolve) => {
      timer = setTimeout(() => resolve({ outcome: 'pending' }), this.#deps.ackDeadlineMs);
    });
    const pushed = this.#pushWhenSettled(peer).catch((error: unknown): PushResult => {
      this.#deps.onEvent({ type: 'failed', what: 'push', error });
      return { outcome: 'pending' };
    });
    const result = await Promise.race([pushed, deadline]).finally(() => clearTimeout(timer));
    this.#deps.onEvent({ type: 'pushed', outcome: result.outcome });
    return result;
  }

  async #pushWhenSettled(peer: DesiredPeer): Promise<PushResult> {
    if (this.#channel === undefined) await this.settled;
    return this.#channel === undefined ? { outcome: 'pending' } : this.#deliver(this.#channel, peer);
  }

  /** Sends what the outbox holds for this VPN server. Does nothing while it is away: reconciling will. */
  async sweep(): Promise<void> {
    const channel = this.#channel;
    if (channel === undefined) return;
    for (;;) {
      const due = await this.#deps.peers.claimDue(this.#deps.serverId, SWEEP_ENTRIES);
      if (due.length === 0) return;
      reached('sweep:claimed');
      await Promise.all(due.map((peer) => this.#deliver(channel, peer)));
    }
  }

  /** Compares the VPN server with the database and repairs what differs. */
  async reconcile(): Promise<void> {
    const channel = this.#channel;
    if (channel === undefined || this.#state !== 'ready') return;
    this.#reconciling = this.#reconciling
      .then(async () => {
        const changes = await this.#reconcileOn(channel);
        if (changes.total > 0) this.#deps.onEvent({ type: 'repaired', ...changes });
      })
      .catch((error: unknown) => {
        this.#deps.onEvent({ type: 'failed', what: 'reconcile', error });
        channel.client.close();
      });
    await this.#reconciling;
  }

  /**
   * The few numbers that stand for everything on the interface. `untold`: the agent is there and cannot say; null: the VPN
   * server is away, or went while it was asked.
   */
  async digest(): Promise<AgentDigest | 'untold' | null> {
    const channel = this.#channel;
    if (channel === undefined || this.#state !== 'ready') return null;
    try {
      const { tunnelAddresses } = channel;
      return { epoch: channel.client.hello.epoch, tunnelAddresses, ...(await channel.client.digest()) };
    } catch (error) {
      return error instanceof RequestRefused ? 'untold' : null;
    }
  }

  /** What the interface carries now; null while the VPN server is away. */
  async list(): Promise<{ epoch: string; peers: ObservedPeer[] } | null> {
    const channel = this.#channel;
    if (channel === undefined || this.#state !== 'ready') return null;
    return channel.client.list().then(
      (peers) => ({ epoch: channel.client.hello.epoch, peers }),
      () => null,
    );
  }

  /** Has the agent look at its host now; null while the VPN server is away. */
  async examineHost(): Promise<HostReport | null> {
    const channel = this.#channel;
    if (channel === undefined) return null;
    try {
      await channel.client.watchHost(true, (report) => this.#hear(channel, report));
      await this.#noteCondition(channel);
      return channel.host;
    } catch {
      return null;
    }
  }

  /** How many peers the interface carries now; null while the VPN server is away. */
  async peerCount(): Promise<number | null> {
    return this.#channel === undefined ? null : this.#channel.client.peerCount().catch(() => null);
  }

  /**
   * Reads the counters of all devices anew; null while the VPN server is away.
   * @param stored the last pass that was written down whole, of whichever epoch
   */
  async stats(stored: StoredPass | null): Promise<Sample | null> {
    if (this.#channel === undefined) return null;
    const { client } = this.#channel;
    const { epoch } = client.hello;
    const { devices, ...sample } = await client.stats(stored?.epoch === epoch ? stored.pass : undefined);
    return { ...sample, epoch, readings: devices };
  }

  /** Tries to connect now instead of at the end of the pause. */
  retryNow(): void {
    this.#wakeRetry?.();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#channel?.client.close();
    this.#wakeRetry?.();
    await this.#running;
    this.#state = 'closed';
  }

  async #run(): Promise<void> {
    let attempts = 0;
    while (!this.#closing()) {
      this.#state = 'connecting';
      try {
        await this.#connectAndServe(() => {
          attempts = 0;
        });
      } catch (error) {
        this.#lastError = error;
        if (!this.#closing()) this.#deps.onEvent({ type: 'away', error });
      }
      this.#state = 'away';
      this.#cutAt = this.#channel === undefined ? undefined : performance.now();
      this.#channel = undefined;
      this.#tried = true;
      this.#settle();
      await this.#pause(attempts++);
    }
  }

  async #connectAndServe(onReady: () => void): Promise<never> {
    const stopped = this.#stop.signal;
    const stream = await this.#open();
    const cut = () => stream.destroy(new Error('stopped'));
    stopped.addEventListener('abort', cut);
    try {
      stopped.throwIfAborted();
      const client = await AgentClient.open(stream);
      await this.#serve(client, onReady);
      throw await client.closed;
    } finally {
      stopped.removeEventListener('abort', cut);
      stream.destroy();
    }
  }

  /**
   * With a timer of its own: Node.js 20 holds what AbortSignal.any() is made of weakly, so that an AbortSignal.timeout() in it may
   * be collected before it fires, and a link that hangs would hang for ever (a VPN server stayed away for good in the fault suite).
   */
  async #open(): Promise<Duplex> {
    const stopped = this.#stop.signal;
    const attempt = new AbortController();
    const stop = () => attempt.abort(stopped.reason);
    const timer = setTimeout(
      () => attempt.abort(new Error(`no connection within ${CONNECT_DEADLINE_MS} ms`)),
      CONNECT_DEADLINE_MS,
    );
    stopped.addEventListener('abort', stop);
    try {
      return await this.#deps.transport.open(attempt.signal);
    } finally {
      clearTimeout(timer);
      stopped.removeEventListener('abort', stop);
    }
  }

  async #serve(client: AgentClient, onReady: () => void): Promise<void> {
    const { serverId, peers, publicKey, onEvent } = this.#deps;
    const { epoch, peerCount, agentVersion } = client.hello;
    if (client.hello.publicKey !== publicKey) {
      throw new Error(
        'the interface that answers has another public key than the VPN server in the database',
      );
    }
    this.#state = 'reconciling';
    await client.learnFeatures();
    await peers.adoptEpoch(serverId, epoch, agentVersion);
    const channel: Channel = {
      client,
      ops: new Batcher(async (ops) => {
        reached('push:ready');
        const applying = client.apply(ops);
        reached('push:sent');
        const results = await applying;
        reached('push:acknowledged');
        return results;
      }, MAX_BATCH_OPS),
      acks: new Batcher(async (acks) => {
        const failed = await peers.acknowledge(serverId, epoch, acks);
        reached('push:recorded');
        for (const [{ deviceId }, error] of failed) {
          onEvent({ type: 'failed', what: `note that device ${deviceId} was acknowledged`, error });
        }
        return acks.map((ack) => !failed.has(ack));
      }, ACKS_MAX),
      host: { problems: [], mended: [] },
      tunnelAddresses: '',
      inTunnel: () => false,
    };
    await client.watchHost(false, (report) => this.#hear(channel, report));
    await this.#noteCondition(channel);
    // From here on pushes may come: the agent's generations sort out what overtakes what.
    this.#channel = channel;
    const changes = await this.#reconcileOn(channel);
    this.#state = 'ready';
    this.#settle();
    onReady();
    if (changes.total > 0) onEvent({ type: 'repaired', ...changes });
    onEvent({ type: 'ready', epoch, peers: peerCount, changes: changes.total });
  }

  async #reconcileOn(channel: Channel) {
    const { client, ops, acks } = channel;
    await this.#configure(channel);
    // In this order: see planReconcile.
    const observed = await client.list();
    reached('reconcile:listed');
    const desired = await this.#deps.peers.desired(this.#deps.serverId);
    reached('reconcile:read');
    const plan = planReconcile(observed, desired, client.hello.epoch);
    await Promise.all(
      plan.evict.map(({ publicKey, owner }) => ops.push({ verb: 'evict', publicKey, owner })),
    );
    await Promise.all(plan.remove.map((peer) => this.#deliver(channel, peer)));
    await Promise.all(plan.trim.map((peer) => this.#deliver(channel, peer)));
    await Promise.all(plan.set.map((peer) => this.#deliver(channel, peer)));
    reached('reconcile:repaired');
    await this.#noteCondition(channel);
    if (channel.host.problems.length === 0) {
      await Promise.all(plan.acknowledged.map((ack) => acks.push(ack)));
    }
    const { drift } = plan;
    const drifted = drift.added + drift.removed + drift.changed;
    if (drifted > 0) await this.#deps.peers.noteDrift(this.#deps.serverId, drifted);
    const [evicted, removed, set] = [
      plan.evict.length,
      plan.remove.length,
      plan.trim.length + plan.set.length,
    ];
    return { evicted, removed, set, drift, total: evicted + removed + set };
  }

  /** Nobody waits for the writes. Losing one loses nothing, because the next reconcile writes the same. */
  #hear(channel: Channel, report: HostReport): void {
    const had = channel.host.problems.length > 0;
    if (JSON.stringify(report) !== JSON.stringify(channel.host)) this.#deps.onEvent({ type: 'host', report });
    channel.host = report;
    this.#noteCondition(channel)
      .then(async () => {
        // What was set meanwhile was not acknowledged.
        if (had && report.problems.length === 0 && channel === this.#channel) await this.reconcile();
      })
      .catch((error: unknown) =>
        this.#deps.onEvent({ type: 'failed', what: 'note what the agent says of its host', error }),
      );
  }

  /** Writes what the agent said last. One write at a time: two at once could reach the database in the wrong order. */
  #noteCondition(channel: Channel): Promise<void> {
    const { serverId, peers } = this.#deps;
    const note = () => peers.noteCondition(serverId, channel.client.hello.epoch, channel.host);
    const noted = this.#noting.then(note);
    this.#noting = noted.catch(() => undefined);
    return noted;
  }

  /** Has the interface carry the VPN server's own address in each pool, where they changed since it was last told. */
  async #configure(channel: Channel): Promise<void> {
    const addresses = await this.#deps.peers.tunnelAddresses(this.#deps.serverId);
    const wanted = addresses.join(' ');
    if (wanted === '' || wanted === channel.tunnelAddresses) return;
    try {
      await channel.client.configure(addresses);
    } catch (error) {
      // No reason to leave the other devices alone. The next one of this pool and the next reconcile try again.
      if (!(error instanceof RequestRefused) || error.code === 'wrong_epoch') throw error;
      this.#deps.onEvent({ type: 'failed', what: 'configure', error });
      return;
    }
    channel.tunnelAddresses = wanted;
    channel.inTunnel = tunnelNetworks(addresses);
  }

  /** Where its pool was added or grown since, the agent has to hear of that first: it takes no address from anywhere else. */
  async #isInTunnel(channel: Channel, { addresses }: DesiredPeer): Promise<boolean> {
    if (addresses.every(channel.inTunnel)) return true;
    await this.#configure(channel);
    return addresses.every(channel.inTunnel);
  }

  async #deliver(channel: Channel, peer: DesiredPeer): Promise<PushResult> {
    const { client, ops, acks } = channel;
    let op: Op;
    try {
      op = await this.#deps.opOf(peer, (feature) => client.can(feature));
    } catch (error) {
      // One secret that cannot be read must not keep the others from getting through; the outbox tries again.
      this.#deps.onEvent({ type: 'failed', what: `make the op of device ${peer.deviceId}`, error });
      return { outcome: 'pending' };
    }
    if (peer.present && !(await this.#isInTunnel(channel, peer))) return { outcome: 'pending' };
    const { outcome, detail = '' } = await ops.push(op);
    switch (outcome) {
      case 'applied':
        // It is on the interface, where nothing passes for it. It is acknowledged once something does.
        if (peer.present && channel.host.problems.length > 0 && !isNoted(peer, client.hello.epoch)) {
          return { outcome: 'pending' };
        }
        // The outbox still has what could not be written.
        return (await acks.push({ deviceId: peer.deviceId, generation: peer.generation }))
          ? { outcome: 'applied' }
          : { outcome: 'pending' };
      case 'conflict':
      case 'invalid':
      case 'full':
        this.#deps.onEvent({ type: 'refused', peer, outcome, detail });
        // What this epoch has acknowledged can be applied: somebody changed the interface since. That is no verdict on the
        // device, and the next look tries again.
        if (isNoted(peer, client.hello.epoch)) return { outcome: 'pending' };
        try {
          await this.#deps.peers.fail(peer, outcome);
        } catch (error) {
          this.#deps.onEvent({
            type: 'failed',
            what: `note that device ${peer.deviceId} was refused`,
            error,
          });
          return { outcome: 'pending' };
        }
        return { outcome: 'refused', reason: outcome, detail };
      case 'stale':
      case 'error':
        // Stale: somebody pushed a newer generation, whose own push answers for it. Error: the outbox tries again.
        this.#deps.onEvent({ type: 'refused', peer, outcome, detail });
        return { outcome: 'pending' };
    }
  }

  /** Asked by a call, because it changes while somebody awaits. */
  #closing(): boolean {
    return this.#stop.signal.aborted;
  }

  async #pause(attempts: number): Promise<void> {
    if (this.#closing()) return;
    const most = Math.min(RETRY_MOST_MS, RETRY_FIRST_MS * 2 ** attempts);
    await new Promise<void>((resolve) => {
      // Half fixed, half random: many replicas that lost one VPN server must not come back in step (sshd's MaxStartups).
      const timer = setTimeout(resolve, most / 2 + Math.random() * (most / 2));
      this.#wakeRetry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wakeRetry = undefined;
  }
}
