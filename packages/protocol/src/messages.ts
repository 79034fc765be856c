/**
 * The agent's wire format: one JSON object a line, both ways, over any byte stream.
 *
 * The agent speaks first (`hello`). After that the control plane sends requests, each with an `id`, and the agent
 * answers each with exactly one message that carries the same `id`, beside the `progress` messages that it asked for. What changes the interface is done and answered in
 * order, and so is what only reads; but a change does not wait for a reading, so its answer may overtake one.
 */
import { z } from 'zod';
import {
  LIST_PAGE_PEERS,
  MAX_BATCH_OPS,
  MAX_INTERFACE_ADDRESSES,
  PROTOCOL_VERSION,
  STATS_PAGE_DEVICES,
} from './limits.ts';
import {
  BudgetId,
  Count,
  DeviceId,
  Digest,
  Epoch,
  Generation,
  InterfaceAddress,
  TunnelAddress,
  WireGuardKey,
} from './values.ts';

const RequestId = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/**
 * What a device may use. Enforced on the VPN server, so it holds while the control plane is away. Absent: no limit. These
 * are part of the generation, except that `dataBytes` is what was left when the op was made: it counts from the moment
 * that this epoch applies this generation for the first time, and saying the same generation again does not refill it.
 */
export const Limits = z.strictObject({
  uploadBitsPerSecond: Count.min(8_000).optional(),
  downloadBitsPerSecond: Count.min(8_000).optional(),
  /** Bytes, up and down together, after which nothing passes. */
  dataBytes: Count.optional(),
  /**
   * Instead of `dataBytes`, where the agent has the feature `budgets`: bytes, up and down together, that all devices that
   * name the same budget share, the narrowest first. A budget begins with the `bytes` of the op that names it first; whoever
   * names it later shares what is left of it. It outlives the agent, and its last device until what that one used was
   * written down. More bytes are another budget.
   */
  budgets: z
    .array(z.strictObject({ id: BudgetId, bytes: Count }))
    .max(2)
    .optional(),
});

/** Make the interface carry this device with this key and exactly these addresses. */
export const SetOp = z.strictObject({
  verb: z.literal('set'),
  deviceId: DeviceId,
  generation: Generation,
  publicKey: WireGuardKey,
  addresses: z.array(TunnelAddress).min(1).max(4),
  /** Absent: none. */
  presharedKey: WireGuardKey.optional(),
  /**
   * The device's old key. It goes on carrying the addresses until the new one has had a handshake; then they move, and
   * the old one goes. Absent: the old one goes at once.
   */
  replaces: WireGuardKey.optional(),
  /** The devices with the same one reach each other. Absent: this one reaches none, and none reaches it. */
  network: z.uuid().optional(),
  limits: Limits.optional(),
});

/** Make sure that the interface does not carry this device, and remember its generation until the epoch ends. */
export const RemoveOp = z.strictObject({
  verb: z.literal('remove'),
  deviceId: DeviceId,
  generation: Generation,
});

/**
 * Remove a peer that nobody wants, if it still belongs to whom the control plane saw it with: to no device (`owner`
 * null), or to that device at that generation. A peer that changed hands in between stays.
 */
export const EvictOp = z.strictObject({
  verb: z.literal('evict'),
  publicKey: WireGuardKey,
  owner: z.strictObject({ deviceId: DeviceId, generation: Generation }).nullable(),
});

export const Op = z.discriminatedUnion('verb', [SetOp, RemoveOp, EvictOp]);

/**
 * What became of one op.
 * - `applied`: the interface is as the op wants it, now or already before.
 * - `stale`: a higher generation was seen (or, for `evict`, the peer changed hands); nothing was done.
 * - `conflict`: the key or an address belongs to another peer; nothing was done. Never solved by taking it away.
 * - `invalid`: cannot be applied to this interface (its own public key, a malformed value).
 * - `full`: the interface holds as many peers as it can.
 * - `error`: the interface could not be changed just now; trying again may help.
 */
export const Outcome = z.enum(['applied', 'stale', 'conflict', 'invalid', 'full', 'error']);

export const OpResult = z.strictObject({
  outcome: Outcome,
  /** For operators; never holds a key or an endpoint. */
  detail: z.string().max(500).optional(),
});

/** What every request has. */
const request = {
  id: RequestId,
  /** Tell, by `progress` messages, that it is still worked on. Only to an agent with the feature `progress`. */
  progress: z.literal(true).optional(),
};

export const ApplyRequest = z.strictObject({
  type: z.literal('apply'),
  ...request,
  /** The epoch that the sender last saw. A wrong one refuses the whole request: the sender's picture is outdated. */
  epoch: Epoch,
  ops: z.array(Op).min(1).max(MAX_BATCH_OPS),
});

export const ListRequest = z.strictObject({
  type: z.literal('list'),
  ...request,
  /** The last public key of the page before; absent for the first page, which also reads the interface anew. */
  after: WireGuardKey.optional(),
});

export const StatusRequest = z.strictObject({ type: z.literal('status'), ...request });

/**
 * The VPN server's own tunnel addresses, each with the length of the network that devices have theirs from. Those that
 * the interface lacks are added; what else it has stays.
 */
export const ConfigureRequest = z.strictObject({
  type: z.literal('configure'),
  ...request,
  epoch: Epoch,
  addresses: z.array(InterfaceAddress).min(1).max(MAX_INTERFACE_ADDRESSES),
});

/** Reads the interface and answers in one line whether anything is to be listed. */
export const DigestRequest = z.strictObject({ type: z.literal('digest'), ...request });

/** What devices have sent and received. Paged by device id. */
export const StatsRequest = z.strictObject({
  type: z.literal('stats'),
  ...request,
  /** The last device of the page before; absent for the first page, which also reads the counters anew. */
  after: DeviceId.optional(),
  /**
   * The highest `pass` that was written down whole: what the agent keeps of devices that are gone since before that, it
   * may forget. Absent: none.
   */
  stored: Count.optional(),
  /** Tell which devices are cut off. Only to an agent with the feature `budgets`. */
  cut: z.literal(true).optional(),
});

/**
 * Asks what the agent can do beyond this version of the protocol. One that is older than the question refuses it, which
 * says: nothing. So what is new is optional, asked for by whoever knows it, and no version has to be raised for it.
 */
export const FeaturesRequest = z.strictObject({ type: z.literal('features'), ...request });

/**
 * Asks what the agent knows of its host, and to be told by `host` messages whenever that changes. Only to an agent with the
 * feature `host`.
 */
export const WatchRequest = z.strictObject({
  type: z.literal('watch'),
  ...request,
  /** Look at everything first, which takes some 100 ms; otherwise the answer is what was found last. */
  fresh: z.boolean(),
});

export const Request = z.discriminatedUnion('type', [
  ApplyRequest,
  ListRequest,
  StatusRequest,
  ConfigureRequest,
  DigestRequest,
  StatsRequest,
  FeaturesRequest,
  WatchRequest,
]);

/**
 * What agents have learned since version 2 of the protocol.
 * - `budgets`: takes `limits.budgets`, and answers `cut` to a `stats` request that asks for it.
 * - `host`: watches its host, mends what somebody changed there, and tells of it (`watch`).
 * - `progress`: tells every two seconds that a request is still worked on, where that is asked for. To read an interface with
 *   50,000 peers takes many seconds on a busy host.
 */
export const FEATURES = ['budgets', 'host', 'progress'] as const;

export const Hello = z.strictObject({
  type: z.literal('hello'),
  protocol: z.literal(PROTOCOL_VERSION),
  agentVersion: z.string().max(40),
  epoch: Epoch,
  interface: z.string().max(15),
  publicKey: WireGuardKey,
  listenPort: z.number().int().min(0).max(65535),
  peerCount: z.number().int().min(0),
});

/**
 * A peer as it is on the interface. Carries no endpoint, no preshared key and no counters: they stay on the VPN server.
 *
 * Where a key replaces another (`replaces`) and all is as the op wants it, the new one is listed with the addresses that
 * it will have, and the old one is left out: there is nothing to mend.
 */
export const ListedPeer = z.strictObject({
  publicKey: WireGuardKey,
  /** As the interface has them, in CIDR notation: a peer made by hand may hold more than host addresses. */
  allowedIps: z.array(z.string().max(50)),
  /** The device that this epoch's ops set it for; null for a peer that this agent found and nobody has claimed. */
  owner: z.strictObject({ deviceId: DeviceId, generation: Generation }).nullable(),
});

export const Applied = z.strictObject({
  type: z.literal('applied'),
  id: RequestId,
  /** In the order of the request's ops. */
  results: z.array(OpResult).max(MAX_BATCH_OPS),
});

export const Listed = z.strictObject({
  type: z.literal('listed'),
  id: RequestId,
  epoch: Epoch,
  /** Ordered by public key. */
  peers: z.array(ListedPeer).max(LIST_PAGE_PEERS),
  /** True where another page follows; ask for it with `after`. */
  more: z.boolean(),
});

export const Status = z.strictObject({
  type: z.literal('status'),
  id: RequestId,
  epoch: Epoch,
  peerCount: z.number().int().min(0),
});

export const Configured = z.strictObject({ type: z.literal('configured'), id: RequestId });

export const DigestAnswer = z.strictObject({
  type: z.literal('digest'),
  id: RequestId,
  epoch: Epoch,
  /** Devices whose peer is on the interface just as their op wants it. */
  peers: Count,
  /** Over those. */
  digest: Digest,
  /** Peers that no device claims, and devices whose peer is missing or differs: something was changed by hand. */
  drifted: Count,
});

/** Counts since `life` began; a later reading of the same life is never lower. Nothing of where the device is. */
export const DeviceStats = z.strictObject({
  deviceId: DeviceId,
  /**
   * Bytes of the packets inside the tunnel, as the VPN server counts: received from the device, sent to it. A device that
   * was removed and comes back in the same life goes on from its last counts.
   */
  receivedBytes: Count,
  sentBytes: Count,
  /** `live`: a handshake in the last LIVE_HANDSHAKE_SECONDS. `idle`: an older one. `never`: none since the peer was set. */
  handshake: z.enum(['live', 'idle', 'never']),
  /** It was removed since; these are its last counts. */
  gone: z.boolean(),
  /** Its budgets that are used up: nothing passes for it any more, and all that passed is in these counts. */
  cut: z.array(BudgetId).max(2).optional(),
});

export const Stats = z.strictObject({
  type: z.literal('stats'),
  id: RequestId,
  epoch: Epoch,
  /** Names the counters: another one means that all counts began again at 0. Outlives the agent. */
  life: z.string().regex(/^[0-9a-f]{32}$/),
  /** Numbers the readings of this epoch, from 1. */
  pass: Count.min(1),
  devices: z.array(DeviceStats).max(STATS_PAGE_DEVICES),
  more: z.boolean(),
});

export const Features = z.strictObject({
  type: z.literal('features'),
  id: RequestId,
  /** An agent may know more than who asks. */
  features: z.array(z.string().max(40)).max(64),
});

/** A code that whoever reads it need not know: newer agents find more. The detail is for operators. */
export const HostFinding = z.object({
  code: z.string().regex(/^[a-z][a-z0-9_]{0,49}$/),
  detail: z.string().max(500),
});

/** Something that somebody had changed and that the agent put right. Numbered from 1 through an epoch. */
export const Mend = HostFinding.extend({ number: Count.min(1) });

/** What an agent knows of its host. Not strict, so that it can grow. */
export const HostReport = z.object({
  /** What keeps packets from devices, or lets pass what must not, and the agent cannot mend; each code once. */
  problems: z.array(HostFinding).max(64),
  /** The last ones, in the order of their numbers. */
  mended: z.array(Mend).max(64),
});

export const Watching = HostReport.extend({ type: z.literal('watching'), id: RequestId });

/** Sent unasked, and only to who watches. */
export const HostNotice = HostReport.extend({ type: z.literal('host') });

/** Sent before the answer to a request that asks for it, as often as it takes. */
export const Progress = z.strictObject({ type: z.literal('progress'), id: RequestId });

export const Refused = z.strictObject({
  type: z.literal('refused'),
  /** Null where the line was too broken to find an id in it. */
  id: RequestId.nullable(),
  code: z.enum(['wrong_epoch', 'bad_request', 'failed']),
  detail: z.string().max(500),
});

export const Answer = z.discriminatedUnion('type', [
  Applied,
  Listed,
  Status,
  Configured,
  DigestAnswer,
  Stats,
  Features,
  Watching,
  Refused,
]);

/** Everything that an agent sends after its hello. */
export const Incoming = z.discriminatedUnion('type', [...Answer.options, HostNotice, Progress]);

export type Feature = (typeof FEATURES)[number];
export type Limits = z.infer<typeof Limits>;
export type DeviceStats = z.infer<typeof DeviceStats>;
export type SetOp = z.infer<typeof SetOp>;
export type RemoveOp = z.infer<typeof RemoveOp>;
export type EvictOp = z.infer<typeof EvictOp>;
export type Op = z.infer<typeof Op>;
export type Outcome = z.infer<typeof Outcome>;
export type OpResult = z.infer<typeof OpResult>;
export type ApplyRequest = z.infer<typeof ApplyRequest>;
export type Request = z.infer<typeof Request>;
export type Hello = z.infer<typeof Hello>;
export type ListedPeer = z.infer<typeof ListedPeer>;
export type Answer = z.infer<typeof Answer>;
export type HostFinding = z.infer<typeof HostFinding>;
export type Mend = z.infer<typeof Mend>;
export type HostReport = z.infer<typeof HostReport>;
export type HostNotice = z.infer<typeof HostNotice>;
