import { z } from 'zod';
import { BudgetId, Count, DeviceId, Generation, TunnelAddress, WireGuardKey } from './values.ts';

/**
 * The limits of a device. The VPN server enforces them, so they apply while the control plane is away. Absent: no limit. Limits are
 * part of the generation, except `dataBytes`, which is what was left when the op was made: it counts from the moment that this
 * epoch first applies this generation. Sending the same generation again does not refill it.
 */
export const Limits = z.strictObject({
  uploadBitsPerSecond: Count.min(8_000).optional(),
  downloadBitsPerSecond: Count.min(8_000).optional(),
  /** Bytes, up and down together, after which nothing passes. */
  dataBytes: Count.optional(),
  /**
   * Replaces `dataBytes` where the agent has the feature `budgets`. All devices that name the same budget share its bytes, up and
   * down together, the narrowest budget first. A budget begins with the `bytes` of the op that names it first; a later op shares
   * what is left. It outlives the agent, and its last device until that device's use is written down. More bytes are another
   * budget.
   */
  budgets: z
    .array(z.strictObject({ id: BudgetId, bytes: Count }))
    .max(2)
    .optional(),
});

/** Give the interface this device with this key and exactly these addresses. */
export const SetOp = z.strictObject({
  verb: z.literal('set'),
  deviceId: DeviceId,
  generation: Generation,
  publicKey: WireGuardKey,
  addresses: z.array(TunnelAddress).min(1).max(4),
  /** Absent: none. */
  presharedKey: WireGuardKey.optional(),
  /**
   * The device's old key. It carries the addresses until the new one has had a handshake; then they move, and the old one goes.
   * Absent: the old one goes at once.
   */
  replaces: WireGuardKey.optional(),
  /** Devices with the same network reach each other. Absent: this one reaches none, and none reaches it. */
  network: z.uuid().optional(),
  limits: Limits.optional(),
});

/** Make sure that the interface does not have this device, and remember its generation until the epoch ends. */
export const RemoveOp = z.strictObject({
  verb: z.literal('remove'),
  deviceId: DeviceId,
  generation: Generation,
});

/**
 * Remove a peer that nobody wants, if its owner is still the one that the control plane saw: no device (null), or that device at
 * that generation. A peer that changed hands in between stays.
 */
export const EvictOp = z.strictObject({
  verb: z.literal('evict'),
  publicKey: WireGuardKey,
  owner: z.strictObject({ deviceId: DeviceId, generation: Generation }).nullable(),
});

export const Op = z.discriminatedUnion('verb', [SetOp, RemoveOp, EvictOp]);

/**
 * The result of one op.
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

export type Limits = z.infer<typeof Limits>;
export type SetOp = z.infer<typeof SetOp>;
export type RemoveOp = z.infer<typeof RemoveOp>;
export type EvictOp = z.infer<typeof EvictOp>;
export type Op = z.infer<typeof Op>;
export type Outcome = z.infer<typeof Outcome>;
export type OpResult = z.infer<typeof OpResult>;
