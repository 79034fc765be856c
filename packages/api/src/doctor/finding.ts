/** The invariants, each under the name of its breach. DESIGN.md, «Always true». */
export const BREACHES = {
  duplicate_address: 'Two devices that may be on one VPN server have the same tunnel address.',
  duplicate_key: 'Two devices that may be on a VPN server have the same public key.',
  leaked_lease: 'An address is kept for a device that has no use for it.',
  lost_lease: 'A device has an address that is not leased to it.',
  early_release: 'An address was given up before the VPN server acknowledged that its peer is gone.',
  outside_pool: 'An address is in no range of its pool, or is the VPN server’s own.',
  counter_off: 'A tenant’s or a user’s count of devices differs from its devices.',
  generation_ahead: 'A VPN server acknowledged a generation that never was.',
  unqueued_change: 'A change that the VPN server has not acknowledged is not queued for it.',
  acknowledged_queued: 'A change is queued although the VPN server has acknowledged it.',
  unregistered_key: 'A device’s public key is not registered as its own.',
  retired_key_alive: 'A removed device still holds its public key.',
  stuck_pending: 'A change waits for more than a minute although its VPN server is there.',
  foreign_reference: 'A row of one tenant refers to a row of another.',
  orphan_peer: 'An interface carries a peer that no device wants.',
  missing_peer: 'An interface lacks a peer that it has acknowledged.',
  wrong_addresses: 'A peer has other allowed IPs than its device’s addresses.',
  server_degraded: 'The agent of a VPN server names what keeps packets from its devices, and cannot mend it.',
  failing_work: 'Periodic work fails again and again at the same item. Everything else goes on without it.',
  stalled_job: 'Periodic work has not come to its end in three of its periods.',
  peer_ahead: 'An interface carries a generation that never was.',
} as const;

export type Breach = keyof typeof BREACHES;

/** One breach and its subject. Holds ids and tunnel addresses, but no keys or secrets. */
export interface Finding {
  readonly breach: Breach;
  /** Null if it concerns no VPN server. */
  readonly serverId: string | null;
  /** Null if it concerns no tenant. */
  readonly tenantId: string | null;
  /** The device, address, lease or tenant. */
  readonly subject: string;
  readonly detail: string;
}

/** Identifies a finding, to compare two looks. */
export const findingKey = ({ breach, serverId, subject }: Finding): string =>
  JSON.stringify([breach, serverId, subject]);
