/**
 * The agent's wire format: one JSON object a line, both ways, over any byte stream.
 *
 * The agent speaks first (`hello`). After that the control plane sends requests, each with an `id`, and the agent
 * answers each with exactly one message that carries the same `id`. Requests are answered in order.
 */
import { z } from 'zod';
import { LIST_PAGE_PEERS, MAX_BATCH_OPS, PROTOCOL_VERSION } from './limits.ts';
import { DeviceId, Epoch, Generation, TunnelAddress, WireGuardKey } from './values.ts';

const RequestId = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Make the interface carry this device with this key and exactly these addresses. */
export const SetOp = z.strictObject({
  verb: z.literal('set'),
  deviceId: DeviceId,
  generation: Generation,
  publicKey: WireGuardKey,
  addresses: z.array(TunnelAddress).min(1).max(4),
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

export const ApplyRequest = z.strictObject({
  type: z.literal('apply'),
  id: RequestId,
  /** The epoch that the sender last saw. A wrong one refuses the whole request: the sender's picture is outdated. */
  epoch: Epoch,
  ops: z.array(Op).min(1).max(MAX_BATCH_OPS),
});

export const ListRequest = z.strictObject({
  type: z.literal('list'),
  id: RequestId,
  /** The last public key of the page before; absent for the first page, which also reads the interface anew. */
  after: WireGuardKey.optional(),
});

export const StatusRequest = z.strictObject({ type: z.literal('status'), id: RequestId });

export const Request = z.discriminatedUnion('type', [ApplyRequest, ListRequest, StatusRequest]);

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

/** A peer as it is on the interface. Carries no endpoint, no preshared key and no counters: they stay on the VPN server. */
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

export const Refused = z.strictObject({
  type: z.literal('refused'),
  /** Null where the line was too broken to find an id in it. */
  id: RequestId.nullable(),
  code: z.enum(['wrong_epoch', 'bad_request', 'failed']),
  detail: z.string().max(500),
});

export const Answer = z.discriminatedUnion('type', [Applied, Listed, Status, Refused]);

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
