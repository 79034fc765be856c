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
import { createSessions, type Session } from './session.ts';
import { InterfaceState } from './state.ts';
import type { Traffic } from './traffic.ts';
import { UncutFlows } from './uncut-flows.ts';
import { UnsettledCounts } from './unsettled-counts.ts';
import { AGENT_VERSION } from './version.ts';

export interface Agent {
  /** Random id of this life of the agent and its interface: 32 hexadecimal digits. */
  readonly epoch: string;
  /** Aborted with an InterfaceLost as its reason when the interface is deleted or recreated. */
  readonly lost: AbortSignal;
  /** @param send takes unsolicited messages of the agent */
  openSession(send: (notice: HostNotice) => void): Session;
  /** Adds a part of the host to watch. */
  keep(name: string, keeper: Keeper): void;
  /** Stops watching the interface once running work is done. Tunnels and traffic rules stay. */
  close(): Promise<void>;
}

export interface AgentOptions {
  readonly backend: WireGuardBackend;
  readonly traffic: Traffic;
  readonly version?: string;
  /** Makes the keeper of the host beside the interface and the traffic rules. */
  readonly createHostKeeper?: (host: HostDescription) => Keeper;
  /** Reports changes of the kernel's rules and routes as they are made. Returns a function that stops it. */
  readonly watchKernel?: (onEvent: (event: KernelEvent) => void) => () => void;
  /** No other agent serves this interface, so changes of the table by other processes are unwanted. */
  readonly alone?: boolean;
  /** The name of this agent's own processes that change the traffic rules. */
  readonly processName?: string;
  /** Lowers the number of peers that the backend could hold. */
  readonly maxPeers?: number;
  /** Networks that tunnel addresses come from. Default: those of the interface's own addresses. */
  readonly networks?: readonly string[];
  /** How often to check whether the interface is still the same while there are no requests. */
  readonly watchIntervalMs?: number;
  /** How often to check the host while no change is reported. */
  readonly lookIntervalMs?: number;
  /** How long after a client's last handshake the interface forgets the client's endpoint. Default: 10 minutes. */
  readonly forgetEndpointAfterMs?: number;
}

export interface HostDescription {
  readonly interfaceName: string;
  readonly listenPort: number;
  /** The interface's current addresses, in CIDR notation. */
  readonly own: () => readonly string[];
}

/** The time between checks of the host without reported changes. A change must be undone within five seconds. */
const LOOK_INTERVAL_MS = 3_000;
/** The delay after a reported change, which lets related changes arrive. */
const LOOK_AFTER_MS = 50;
const WATCH_INTERVAL_MS = 1000;
/**
 * A device whose new key had a handshake has no tunnel until the agent notices. One check costs some 3 ms, and more
 * with many peers.
 */
const REPLACE_INTERVAL_MS = 100;
const FORGET_ENDPOINT_AFTER_MS = 600_000;

/**
 * Puts the traffic rules in place, reads the interface and begins a new epoch.
 * @throws {InterfaceLost} if the interface is missing or has no private key
 */
export async function createAgent(options: AgentOptions): Promise<Agent> {
  const { backend, traffic } = options;
  const epoch = randomBytes(16).toString('hex');
  const incarnation = await backend.incarnation();
  if (incarnation === undefined) throw new InterfaceLost(`there is no interface ${backend.interfaceName}`);
  const description = await backend.describe();
  // A new interface has no private key for a moment. An agent that started then would report a wrong key for its
  // whole life.
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

  /** Ends the epoch. Watchers are notified first, because the next agent knows nothing of this one. */
  function lose(code: 'interface_lost' | 'private_key_changed', message: string): InterfaceLost {
    const error = new InterfaceLost(message);
    if (!lost.signal.aborted) {
      guard.noteMended({ code, detail: `The ${message}: the agent ended, and its unit puts that right.` });
      lost.abort(error);
    }
    return error;
  }

  let renaming: Promise<boolean> | undefined;

  /** A renamed interface still carries packets, past the rules that match its old name. */
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

  /** Another process changed counters or policies since the last check. */
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
   * Reads the interface while batches run: reading 50,000 peers takes a third of a second, too long to delay a
   * registration. For peers that batches change meanwhile, the change counts and not the reading.
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

  /** Replaces the old key of each device whose new key had its first handshake. */
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
  // There are peers but no rules: somebody removed the rules while no agent was running.
  if (!hadRules && state.peerCount > 0) {
    const detail = 'The traffic rules were gone when the agent began.';
    guard.noteMended({ code: 'traffic_rules_removed', detail });
  }
  const stopWatching = options.watchKernel?.(hear);
  const stops = [
    // Pauses are short: on a busy machine a check takes long, and changes wait for it.
    repeat(() => guard.look(), options.lookIntervalMs ?? LOOK_INTERVAL_MS, 2),
    repeat(checkInterface, watchIntervalMs),
    repeat(replaceKeys, Math.min(REPLACE_INTERVAL_MS, watchIntervalMs)),
    repeat(() => idle.forget(), Math.min(60_000, forgetAfterMs / 10)),
  ];

  return {
    epoch,
    lost: lost.signal,
    keep: (name, keeper) => guard.keep(name, keeper),
    openSession: createSessions({
      hello,
      lost: lost.signal,
      checkInterface,
      apply,
      configure,
      readInterface,
      life: metering.life,
      readStats: (stored, withCut) => metering.read(stored, withCut),
      async hostReport(fresh) {
        if (fresh) await guard.examine();
        return guard.report;
      },
      onHostReport: (listener) => guard.onReport(listener),
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
