import type { ConditionReason } from './condition.ts';
import type { ApiKeyMode } from '../platform/access/api-key.ts';

/**
 * - provisioning: added but not connected yet; takes no devices
 * - active: takes devices
 * - draining: keeps its devices, takes no new ones
 * - disabled: serves nobody: its devices are held, it takes no new ones
 * - removing: its devices are deleted; gone once it has acknowledged all of them
 * - removed: kept as the history of its devices
 */
type ServerState = 'provisioning' | 'active' | 'draining' | 'disabled' | 'removing' | 'removed';

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
  /** `test`: simulated, for the devices of test keys and no others. */
  readonly mode: ApiKeyMode;
  /** IP address; IPv6 without brackets. */
  readonly endpointHost: string;
  readonly endpointPort: number;
  /** A second, IPv6 address with the same port; null for none. */
  readonly endpointHost6: string | null;
  /** Its share of the devices of its region: 1 to 10,000, or 0 for none. */
  readonly weight: number;
  /** The /64 of its devices' IPv6 tunnel addresses; null if it has no IPv6 in the tunnel. */
  readonly tunnelPrefix6: string | null;
  readonly interfaceName: string;
  /** Null until the first connection. */
  readonly publicKey: Buffer | null;
  /** Null unless the transport is `ssh`. */
  readonly ssh: SshAccess | null;
  /** Transport `local`: the network namespace of the interface; null for the machine's own. */
  readonly netns: string | null;
  /** Null if no agent was ever reconciled. */
  readonly epoch: string | null;
  /** The version that its agent reported; null if none ever did. */
  readonly agentVersion: string | null;
  /** When its agent last answered; null for never. */
  readonly lastContactAt: Date | null;
  /** Its agent has answered recently: see `isReachable`. */
  readonly reachable: boolean;
  /** Since when it counts as unreachable; null while its agent answers. */
  readonly unreachableSince: Date | null;
  /** The faults of its agent's last report, which it cannot mend; empty if there are none. */
  readonly problems: readonly ConditionReason[];
  readonly createdAt: Date;
  /** Devices that are live or suspended on it. */
  readonly deviceCount: number;
}
