/** The reports of an agent: peers, counters, and its host. */
import { z } from 'zod';
import { BudgetId, Count, DeviceId, Generation, WireGuardKey } from './values.ts';

/**
 * A peer as it is on the interface. Endpoint, preshared key and counters are left out: they stay on the VPN server.
 *
 * Where a key replaces another (`replaces`) and all is as the op wants it, the new one is listed with the addresses that
 * it will have, and the old one is left out: there is nothing to mend.
 */
export const ListedPeer = z.strictObject({
  publicKey: WireGuardKey,
  /** As the interface has them, in CIDR notation: a peer made by hand may hold more than host addresses. */
  allowedIps: z.array(z.string().max(50)),
  /** The device that this epoch's ops set it for; null for a peer that this agent found and no device claims. */
  owner: z.strictObject({ deviceId: DeviceId, generation: Generation }).nullable(),
});

/** Counts since `life` began; a later reading of the same life is never lower. Says nothing of where the device is. */
export const DeviceStats = z.strictObject({
  deviceId: DeviceId,
  /**
   * Bytes of packets inside the tunnel, as the VPN server counts them: received from the device, sent to it. A
   * device that is removed and returns in the same life continues from its last counts.
   */
  receivedBytes: Count,
  sentBytes: Count,
  /** `live`: a handshake in the last LIVE_HANDSHAKE_SECONDS. `idle`: an older one. `never`: none since the peer was set. */
  handshake: z.enum(['live', 'idle', 'never']),
  /** The device was removed since; these are its last counts. */
  gone: z.boolean(),
  /** The device's used-up budgets: nothing passes for it any more, and these counts include all that passed. */
  cut: z.array(BudgetId).max(2).optional(),
});

/** Newer agents find more, so the reader need not know the code. The detail is for operators. */
export const HostFinding = z.object({
  code: z.string().regex(/^[a-z][a-z0-9_]{0,49}$/),
  detail: z.string().max(500),
});

/** A change by somebody else that the agent undid. Numbered from 1 within an epoch. */
export const Mend = HostFinding.extend({ number: Count.min(1) });

/** An agent's report of its host. Not strict, so that it can be extended. */
export const HostReport = z.object({
  /** Faults that the agent cannot mend and that keep packets from devices, or let through what must not pass; each code once. */
  problems: z.array(HostFinding).max(64),
  /** The last mends, in the order of their numbers. */
  mended: z.array(Mend).max(64),
});

export type ListedPeer = z.infer<typeof ListedPeer>;
export type DeviceStats = z.infer<typeof DeviceStats>;
export type HostFinding = z.infer<typeof HostFinding>;
export type Mend = z.infer<typeof Mend>;
export type HostReport = z.infer<typeof HostReport>;
