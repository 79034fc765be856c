/**
 * - provisioning: added, not seen yet; takes no devices
 * - active: takes devices
 * - disabled: keeps the devices that it has, takes no new ones
 * - removing: its devices are deleted; gone once it has acknowledged all of them
 * - removed: kept as the history of its devices
 */
export type ServerState = 'provisioning' | 'active' | 'disabled' | 'removing' | 'removed';

export interface SshAccess {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Pinned: `ssh-ed25519 AAAA…`. Empty only while provisioning. */
  readonly hostKeys: readonly string[];
}

/** A Linux machine with a WireGuard interface that devices connect to. */
export interface Server {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly state: ServerState;
  readonly transport: 'ssh' | 'local' | 'memory';
  /** IP address; IPv6 without brackets. */
  readonly endpointHost: string;
  readonly endpointPort: number;
  readonly interfaceName: string;
  /** Null until it was seen for the first time. */
  readonly publicKey: Buffer | null;
  /** Null unless the transport is `ssh`. */
  readonly ssh: SshAccess | null;
  /** Transport `local`: the network namespace of the interface; null for the machine's own. */
  readonly netns: string | null;
  /** Null where no agent was ever reconciled. */
  readonly epoch: string | null;
  /** Null where it was never heard. */
  readonly lastContactAt: Date | null;
  readonly createdAt: Date;
  /** Devices that are live or suspended on it. */
  readonly deviceCount: number;
}

/** A range of tunnel addresses of one VPN server. */
export interface Pool {
  readonly id: string;
  readonly serverId: string;
  readonly cidr: string;
  /** The VPN server's own address in it. */
  readonly gateway: string;
  readonly createdAt: Date;
  readonly addresses: {
    /** Can be leased now. */
    readonly free: number;
    readonly held: number;
    /** Given back, not acknowledged by the VPN server yet. */
    readonly draining: number;
    /** Acknowledged, and waiting until nothing of the last holder can reach the next. */
    readonly quarantine: number;
  };
}
