import { type Device, type PeerPush, type PushResult, tunnelAddressesOfDevice } from '../devices/index.ts';
import type { LinkView } from '../servers/index.ts';
import type { CounterSource, Sample, StoredPass } from '../usage/index.ts';
import type { DesiredPeer, ObservedPeer } from './peer.ts';
import type { HostReport, PeerStore } from './ports.ts';
import type { AnswerOf, RequestOf, Verb } from '@cvault/protocol';
import { encodeKey } from '@cvault/wireguard';
import { Link } from './link/link.ts';
import type { LinkEvent, LinkState } from './link/state.ts';
import { lookAtAll, type LookCounts } from './look.ts';
import type { OpOf } from './ops.ts';
import { type Transport, TransportError } from './transports/transport.ts';

/** A VPN server that this replica keeps a link to. */
interface LinkedServer {
  readonly id: string;
  /** Canonical base64. */
  readonly publicKey: string;
  /** Changes with everything on which the connection depends: the link is then made anew. */
  readonly fingerprint: string;
  readonly transport: Transport;
}

/** A VPN server that cannot be linked to, for example because its SSH key cannot be opened. */
interface UnlinkableServer {
  readonly id: string;
  readonly error: unknown;
}

export interface FleetDeps {
  /** The VPN servers to link to. One that cannot be linked to does not affect the others. */
  readonly linkedServers: () => Promise<readonly (LinkedServer | UnlinkableServer)[]>;
  readonly peers: PeerStore;
  readonly opOf: OpOf;
  readonly onEvent: (serverId: string, event: LinkEvent) => void;
  /** Called after each periodic look at the VPN servers that were due. */
  readonly onLook?: (counts: LookCounts) => void;
  readonly onError: (what: string, error: unknown) => void;
  readonly ackDeadlineMs: number;
  readonly reconcileEveryMs: number;
}

/** How often the outbox is read for entries left by a dead replica or a cut channel. */
const SWEEP_EVERY_MS = 1_000;
/** How often the list of VPN servers is read again, for the changes of other replicas. */
const REFRESH_EVERY_MS = 5_000;

function desiredOf(device: Device): DesiredPeer {
  return {
    tenantId: device.tenantId,
    deviceId: device.id,
    generation: device.generation,
    present: device.state === 'live',
    publicKey: encodeKey(device.publicKey),
    addresses: tunnelAddressesOfDevice(device),
    sealedPresharedKey: device.sealedPresharedKey,
    replaces: device.replacesKey === null ? null : encodeKey(device.replacesKey),
    network: device.network,
    limits: device.limits,
    appliedGeneration: device.appliedGeneration,
    appliedEpoch: device.appliedEpoch,
  };
}

/** All links of this replica, and the periodic work that makes lost pushes harmless. */
export class Fleet implements PeerPush, CounterSource {
  readonly #deps: FleetDeps;
  readonly #links = new Map<string, { link: Link; fingerprint: string }>();
  #unlinkable = new Map<string, unknown>();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #refreshing: Promise<void> | undefined;
  #refreshingNext: Promise<void> | undefined;
  #closing = false;

  constructor(deps: FleetDeps) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    await this.refresh();
    this.#every(SWEEP_EVERY_MS, 'sweep', () => this.#sweep());
    this.#every(REFRESH_EVERY_MS, 'refresh', () => this.refresh());
    this.#every(this.#deps.reconcileEveryMs, 'reconcile', () => this.#look());
  }

  /**
   * Opens links to new VPN servers and closes those to removed ones. A call during a run takes part in the next
   * run: the current one may have read too early to see the caller's change.
   */
  refresh(): Promise<void> {
    if (this.#refreshing === undefined) {
      this.#refreshing = this.#refresh().finally(() => {
        this.#refreshing = undefined;
      });
      return this.#refreshing;
    }
    this.#refreshingNext ??= this.#refreshing
      .catch(() => undefined)
      .then(() => {
        this.#refreshingNext = undefined;
        return this.refresh();
      });
    return this.#refreshingNext;
  }

  async #refresh(): Promise<void> {
    const servers = await this.#deps.linkedServers();
    if (this.#closing) return;
    const wanted = new Map<string, LinkedServer>();
    const unlinkable = new Map<string, unknown>();
    for (const server of servers) {
      if (!('error' in server)) wanted.set(server.id, server);
      else {
        unlinkable.set(server.id, server.error);
        if (!this.#unlinkable.has(server.id))
          this.#deps.onEvent(server.id, { type: 'failed', what: 'link', error: server.error });
      }
    }
    this.#unlinkable = unlinkable;
    for (const [id, { link, fingerprint }] of this.#links) {
      if (wanted.get(id)?.fingerprint === fingerprint) continue;
      this.#links.delete(id);
      this.#track('close', link.close());
    }
    for (const server of wanted.values()) {
      if (this.#links.has(server.id)) continue;
      const link = new Link({
        serverId: server.id,
        publicKey: server.publicKey,
        transport: server.transport,
        peers: this.#deps.peers,
        opOf: this.#deps.opOf,
        ackDeadlineMs: this.#deps.ackDeadlineMs,
        onEvent: (event) => this.#deps.onEvent(server.id, event),
      });
      this.#links.set(server.id, { link, fingerprint: server.fingerprint });
    }
  }

  async push(device: Device): Promise<PushResult> {
    const { serverId } = device.placement;
    // Another replica may have activated it a moment ago.
    if (!this.#links.has(serverId) && !this.#unlinkable.has(serverId)) await this.refresh();
    return (await this.#links.get(serverId)?.link.push(desiredOf(device))) ?? { outcome: 'pending' };
  }

  wake(serverIds: readonly string[]): void {
    for (const id of new Set(serverIds)) {
      const found = this.#links.get(id);
      if (found !== undefined) this.#track('sweep', found.link.sweep());
    }
  }

  /** Resolves when every link has either reconciled or found its VPN server away. */
  async untilSettled(): Promise<void> {
    await Promise.all([...this.#links.values()].map(({ link }) => link.settled));
  }

  /** Null if this replica has no link to it. */
  stateOf(serverId: string): { state: LinkState; lastError: unknown } | null {
    const found = this.#links.get(serverId);
    if (found !== undefined) return { state: found.link.state, lastError: found.link.lastError };
    return this.#unlinkable.has(serverId)
      ? { state: 'away', lastError: this.#unlinkable.get(serverId) }
      : null;
  }

  linkTo(serverId: string): LinkView {
    const link = this.#links.get(serverId)?.link;
    if (link === undefined || link.linked === null) return null;
    if (link.linked) return { linked: true };
    const { lastError } = link;
    const why = lastError instanceof TransportError ? lastError.message : 'the channel to its agent was cut';
    return { linked: false, why };
  }

  /** Makes a VPN server's agent check its host now; null if this replica cannot reach it. */
  async examineHost(serverId: string): Promise<HostReport | null> {
    return (await this.#links.get(serverId)?.link.examineHost()) ?? null;
  }

  /** The number of peers on the interface now; null if unknown. */
  async ask<V extends Verb>(serverId: string, verb: V, request: RequestOf<V>): Promise<AnswerOf<V> | null> {
    return (await this.#links.get(serverId)?.link.ask(verb, request)) ?? null;
  }

  /** The number of peers on the interface now; null if unknown. */
  async peerCount(serverId: string): Promise<number | null> {
    return (await this.ask(serverId, 'status', {}))?.peerCount ?? null;
  }

  /** The VPN servers whose counters can be read now. */
  readable(): string[] {
    return [...this.#links].filter(([, { link }]) => link.state === 'ready').map(([id]) => id);
  }

  /** Reads the counters of a VPN server; null if it cannot. See `Link.stats`. */
  async stats(serverId: string, stored: StoredPass | null): Promise<Sample | null> {
    return (await this.#links.get(serverId)?.link.stats(stored)) ?? null;
  }

  /** The peers on the interface now; null if this replica cannot reach it. */
  states(): LinkState[] {
    const linked = [...this.#links.values()].map(({ link }) => link.state);
    return [...linked, ...Array.from(this.#unlinkable, () => 'away' as const)];
  }

  async close(): Promise<void> {
    this.#closing = true;
    for (const timer of this.#timers) clearInterval(timer);
    const links = [...this.#links.values()];
    this.#links.clear();
    await Promise.all([...links.map(({ link }) => link.close()), ...this.#underWay]);
  }

  /** The peers on the interface now; null if this replica cannot reach it. */
  async list(serverId: string): Promise<{ epoch: string; peers: ObservedPeer[] } | null> {
    return (await this.#links.get(serverId)?.link.list()) ?? null;
  }

  async #look(): Promise<void> {
    const links = new Map([...this.#links].map(([id, { link }]) => [id, link]));
    const counts = await lookAtAll(links, this.#deps.peers, this.#deps.reconcileEveryMs, (id) => {
      const link = links.get(id);
      if (link !== undefined) this.#track('reconcile', link.reconcile());
    });
    this.#deps.onLook?.(counts);
  }

  async #sweep(): Promise<void> {
    this.wake(await this.#deps.peers.serversWithDue());
  }

  /** Runs `work` repeatedly, never twice at once. */
  #every(ms: number, what: string, work: () => Promise<void>): void {
    let busy = false;
    this.#timers.push(
      setInterval(() => {
        if (busy) return;
        busy = true;
        this.#track(
          what,
          work().finally(() => {
            busy = false;
          }),
        );
      }, ms),
    );
  }

  /** Background work: its failure is reported, and closing waits for its end. */
  #track(what: string, work: Promise<void>): void {
    const done = work
      .catch((error: unknown) => this.#deps.onError(what, error))
      .finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
  }
}
