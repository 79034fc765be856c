import { randomBytes } from 'node:crypto';
import { type Hello, type HostNotice, type OpResult, PROTOCOL_VERSION, WireGuardKey } from '@cvault/protocol';
import type { WireGuardBackend } from './backend.ts';
import { Applier } from './applier.ts';
import { Guard, type Keeper } from './guard.ts';
import { hostPrefix, prefixAddress } from './host-prefix.ts';
import { IdleEndpoints } from './idle-endpoints.ts';
import { InterfaceLost } from './interface-lost.ts';
import type { KernelEvent } from './kernel-events.ts';
import { Metering } from './metering.ts';
import { OwnAddresses, missingAddresses } from './own-addresses.ts';
import { repeat } from './repeat.ts';
import type { ReceivedOp } from './requests.ts';
import { inSteps } from './in-steps.ts';
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
  /** @param send takes what the agent tells without being asked */
  openSession(send: (notice: HostNotice) => void): Session;
  /** Has one more part of the host looked at. */
  keep(name: string, keeper: Keeper): void;
  /** Stops watching the interface, after what is under way is done. Tunnels and traffic rules stay. */
  close(): Promise<void>;
}

export interface AgentOptions {
  readonly backend: WireGuardBackend;
  readonly traffic: Traffic;
  readonly version?: string;
  /** Makes what looks at the host beside the interface and the traffic rules. */
  readonly createHostKeeper?: (host: HostDescription) => Keeper;
  /** Reports changes of the kernel's rules and routes as they are made; answers how to stop. */
  readonly watchKernel?: (onEvent: (event: KernelEvent) => void) => () => void;
  /** No other agent serves this interface: what another process changes in the table was not meant to be. */
  readonly alone?: boolean;
  /** What this agent's own processes are called that change the traffic rules. */
  readonly processName?: string;
  /** Lowers the number of peers that the backend could hold. */
  readonly maxPeers?: number;
  /** Networks that tunnel addresses come from; by default those of the interface's own addresses. */
  readonly networks?: readonly string[];
  /** How often to look whether the interface is still the same, while nobody asks for anything. */
  readonly watchIntervalMs?: number;
  /** How often to look at the host, while nothing is heard of it. */
  readonly lookIntervalMs?: number;
  /** How long after its last handshake the interface is made to forget where a client was; 10 minutes by default. */
  readonly forgetEndpointAfterMs?: number;
}

export interface HostDescription {
  readonly interfaceName: string;
  readonly listenPort: number;
  /** The interface's own addresses as they are known now, in CIDR notation. */
  readonly own: () => readonly string[];
}

/** Between looks at the host where nothing is heard; what was changed is to be mended within five seconds. */
const LOOK_INTERVAL_MS = 3_000;
/** After a change that was heard, for what comes with it. */
const LOOK_AFTER_MS = 50;
const WATCH_INTERVAL_MS = 1000;
/** A device whose new key has shaken hands has no tunnel until it is noticed. One look costs some 3 ms, and more with many peers. */
const REPLACE_INTERVAL_MS = 100;
const FORGET_ENDPOINT_AFTER_MS = 600_000;

/**
 * Puts the traffic rules in place, reads the interface and begins a new epoch.
 * @throws {InterfaceLost} where there is none, or one without a private key
 */
export async function createAgent(options: AgentOptions): Promise<Agent> {
  const { backend, traffic } = options;
  const epoch = randomBytes(16).toString('hex');
  const incarnation = await backend.incarnation();
  if (incarnation === undefined) throw new InterfaceLost(`there is no interface ${backend.interfaceName}`);
  const description = await backend.describe();
  // Between its making and its key it is nobody's VPN server yet. An agent that began then would say so to the end of its life.
  if (!WireGuardKey.safeParse(description.publicKey).success) {
    throw new InterfaceLost(`interface ${backend.interfaceName} has no private key yet`);
  }
  const own = new OwnAddresses(description.addresses, options.networks);
  const hadRules = await traffic.install(own.all);
  const state = new InterfaceState();
  state.observe(await backend.peers(), new Set());

  const unsettled = new UnsettledCounts();
  const queue = createSerialQueue();
  const memory = await traffic.meter.open();
  const forgetAfterMs = options.forgetEndpointAfterMs ?? FORGET_ENDPOINT_AFTER_MS;
  const idle = new IdleEndpoints({
    ...{ backend, state, queue, forgetAfterMs },
    renew: (peers): Promise<void> => applier.renew(peers),
  });
  const metering = new Metering({
    ...{ traffic, memory, backend, state, unsettled, queue },
    hadHandshake: (publicKey): boolean => idle.hadHandshake(publicKey),
  });

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
      own,
    },
  });

  /** Ends the epoch. Whoever watches is told first, because the next agent knows nothing of this one. */
  function lose(code: 'interface_lost' | 'private_key_changed', message: string): InterfaceLost {
    const error = new InterfaceLost(message);
    if (!lost.signal.aborted) {
      guard.noteMended({ code, detail: `The ${message}: the agent ended, and its unit puts that right.` });
      lost.abort(error);
    }
    return error;
  }

  let renaming: Promise<boolean> | undefined;

  /** An interface that was renamed still carries packets, past rules that know it by its name. */
  async function takeNameBack(): Promise<boolean> {
    renaming ??= backend
      .takeNameBack()
      .then((name) => {
        if (name === undefined) return false;
        const detail = `The interface ${backend.interfaceName} had been renamed to ${name}.`;
        guard.noteMended({ code: 'interface_renamed', detail });
        return true;
      })
      .catch(() => false)
      .finally(() => {
        renaming = undefined;
      });
    return renaming;
  }

  /** Somebody else changed counters or policies since the last look. */
  let touched = false;
  const guard: Guard = new Guard({
    queue,
    keepers: {
      async interface() {
        await checkInterface();
        const [{ publicKey }, faults] = await Promise.all([backend.describe(), backend.faults(own.all)]);
        if (publicKey !== description.publicKey) {
          throw lose('private_key_changed', `interface ${backend.interfaceName} has another key`);
        }
        return faults;
      },
      async traffic_rules() {
        const faults = await traffic.faults(touched);
        if (faults.every(({ endsEpoch }) => endsEpoch !== true)) touched = false;
        return faults;
      },
      ...(options.createHostKeeper === undefined
        ? {}
        : {
            host: options.createHostKeeper({
              interfaceName: backend.interfaceName,
              listenPort: description.listenPort,
              own: () => own.all,
            }),
          }),
    },
    onEndOfEpoch: (why) => lost.abort(new InterfaceLost(why)),
  });

  function hear({ kind, process, lines }: KernelEvent): void {
    if (kind === 'nftables') {
      if (process !== undefined && process === options.processName) return;
      if (options.alone === true) touched ||= lines.some((line) => traffic.isAboutDevices(line));
    }
    guard.lookSoon(LOOK_AFTER_MS);
  }

  async function checkInterface(): Promise<void> {
    lost.signal.throwIfAborted();
    let now = await backend.incarnation();
    if (now === undefined && (await takeNameBack())) now = await backend.incarnation();
    if (now === undefined) throw lose('interface_lost', `interface ${backend.interfaceName} is gone`);
    if (now !== incarnation) throw lose('interface_lost', `interface ${backend.interfaceName} was made anew`);
  }

  /**
   * Reads the interface while batches go on: a reading of 50,000 peers takes a third of a second, too long for a
   * registration to wait for. What batches change meanwhile is known better than what the reading shows.
   */
  async function readInterface(): Promise<void> {
    return readings.run(async () => {
      const touched = applier.watchTouchedKeys();
      try {
        const [peers, now] = await Promise.all([backend.peers(), backend.describe()]);
        if (now.publicKey !== description.publicKey) {
          throw lose('private_key_changed', `interface ${backend.interfaceName} has another key`);
        }
        await checkInterface();
        await inSteps(state.observing(peers, touched), queue);
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
      const refusal = own.whyNot(addresses, await backend.networksElsewhere());
      if (refusal !== undefined) return refusal;
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

  /** Lets each new key that had its first handshake take the place of the old one. */
  async function replaceKeys(): Promise<void> {
    if (state.replacingDevices.size === 0) return;
    const handshakes = await backend.handshakes();
    const hadOne = (publicKey: string) => (handshakes.get(publicKey) ?? 0) > 0;
    await queue.run(async () => {
      await checkInterface();
      const ready = [...state.replacingDevices].filter((deviceId) => {
        const device = state.device(deviceId);
        return device?.kind === 'present' && hadOne(device.publicKey);
      });
      if (ready.length > 0) await applier.replace(ready);
    });
  }

  const watchIntervalMs = options.watchIntervalMs ?? WATCH_INTERVAL_MS;
  // Peers without rules: somebody took them away while no agent was there to see it.
  if (!hadRules && state.peerCount > 0) {
    const detail = 'The traffic rules were gone when the agent began.';
    guard.noteMended({ code: 'traffic_rules_removed', detail });
  }
  const stopWatching = options.watchKernel?.(hear);
  const stops = [
    // Little rest: on a busy machine a look takes long, and what was changed waits for it.
    repeat(() => guard.look(), options.lookIntervalMs ?? LOOK_INTERVAL_MS, 2),
    repeat(checkInterface, watchIntervalMs),
    repeat(replaceKeys, Math.min(REPLACE_INTERVAL_MS, watchIntervalMs)),
    repeat(() => idle.forget(), Math.min(60_000, forgetAfterMs / 10)),
  ];

  return {
    epoch,
    lost: lost.signal,
    keep: (name, keeper) => guard.keep(name, keeper),
    openSession: (send) =>
      openSession({
        send,
        async hostReport(fresh) {
          if (fresh) await guard.examine();
          return guard.report;
        },
        onHostReport: (listener) => guard.onReport(listener),
        hello: hello(),
        lost: lost.signal,
        checkInterface,
        apply,
        configure,
        readInterface,
        life: metering.life,
        readStats: (stored, withCut) => metering.read(stored, withCut),
        view: (look) => queue.run(() => Promise.resolve(look(state))),
        viewInSteps: (look) => inSteps(look(state), queue),
      }),
    async close() {
      stopWatching?.();
      await guard.stop();
      await Promise.all(stops.map((stop) => stop()));
      await queue.run(() => Promise.resolve());
    },
  };
}
