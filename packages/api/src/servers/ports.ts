import type { LinkView } from './condition.ts';
import type { Evacuation } from './evacuation.ts';
import type { Pool } from '../pools/index.ts';
import type { Server, SshAccess } from './server.ts';

export interface NewServer {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly transport: Server['transport'];
  /** Absent: live. */
  readonly mode?: Server['mode'] | undefined;
  readonly endpointHost: string;
  readonly endpointPort: number;
  readonly endpointHost6: string | null;
  readonly tunnelPrefix6: string | null;
  readonly interfaceName: string;
  readonly ssh: SshAccess | null;
  readonly netns: string | null;
  /** Sealed; null unless the transport is `ssh`. */
  readonly sealedSshKey: Buffer | null;
  /** Null: the next range of the default network that no pool has. */
  readonly poolCidr: string | null;
}

/** Changes of a VPN server in use; absent fields stay. */
export interface ServerChanges {
  readonly name?: string | undefined;
  readonly weight?: number | undefined;
  readonly endpointHost?: string | undefined;
  readonly endpointPort?: number | undefined;
  /** Null removes it. */
  readonly endpointHost6?: string | null | undefined;
}

/** The report of a VPN server after its installation or repair. */
export interface Activation {
  readonly publicKey: Buffer;
  readonly hostKeys: readonly string[];
  /** Whether another public key may replace the known one: every device then needs a new configuration. */
  readonly replaceKey: boolean;
}

export interface ServerStore {
  /** @throws CVaultError `name_taken` */
  create(server: NewServer): Promise<{ server: Server; pools: Pool[] }>;
  list(): Promise<Server[]>;
  /** Null if there is none, or if it is removed. */
  find(id: string): Promise<Server | null>;
  /** The control plane's private key for it, sealed; null unless the transport is `ssh`. */
  sealedSshKey(id: string): Promise<Buffer | null>;
  /**
   * Pins the reported keys. A provisioning VPN server becomes active; any other keeps its state.
   * @throws CVaultError `state_conflict` if it is being removed, or if the public key is not the known one and may
   * not be replaced; `public_key_taken`
   */
  activate(id: string, activation: Activation): Promise<Server>;
  /**
   * Takes it out of service or back. Draining: it gets no new devices. Disabled: its devices are held too. Active:
   * they are released, and an evacuation ends. Returns false if its state does not allow that.
   */
  changeState(id: string, to: 'active' | 'draining' | 'disabled'): Promise<boolean>;
  /**
   * Drains it and moves its devices in the background; a running evacuation continues. Returns false if its state
   * does not allow that.
   * @param region the destination; null: its own
   */
  beginEvacuation(id: string, region: string | null): Promise<boolean>;
  /** The last evacuation; null if there was none. */
  evacuation(id: string): Promise<Evacuation | null>;
  /**
   * Changes the present fields. Devices learn another endpoint with their next configuration.
   * @throws CVaultError `name_taken`
   */
  update(id: string, changes: ServerChanges): Promise<void>;
  /** Marks it removing and deletes its devices of all tenants. */
  evict(id: string): Promise<void>;
  /**
   * Removes it, with its pools and its access, once no device could still be on it. Returns whether it is gone. A
   * VPN server that was never activated leaves no row.
   * @param force also with unacknowledged removals: the operator vouches that it serves nobody any more
   */
  finishRemoval(id: string, force: boolean): Promise<boolean>;
  /** Ids of VPN servers that are being removed. */
  removing(): Promise<string[]>;
  pools(serverId: string): Promise<Pool[]>;
  /** @throws CVaultError `pool_overlap`, `state_conflict` */
  addPool(serverId: string, cidr: string): Promise<Pool>;
  /**
   * @throws CVaultError `not_found`, `pool_overlap`; `invalid_request` if the range does not contain the whole pool
   */
  growPool(serverId: string, poolId: string, cidr: string): Promise<Pool>;
  /**
   * Returns false if there is none.
   * @throws CVaultError `in_use` if an address of it is not free
   */
  removePool(serverId: string, poolId: string): Promise<boolean>;
}

/** The result of a connection test. */
export interface Probe {
  /** From the first packet to the agent's hello, in milliseconds. */
  readonly connectMs: number;
  /** One question and its answer over the open channel, in milliseconds. */
  readonly roundTripMs: number;
  readonly agentVersion: string;
  readonly interfaceName: string;
  readonly peerCount: number;
}

/** The links to VPN servers, as the operator's API sees them. */
export interface FleetControl {
  /** Makes this replica read the list of VPN servers now; the others read it every few seconds. */
  refresh(): Promise<void>;
  /**
   * Opens its own connection and asks. The host keys and the public key come from `server`, not from the database,
   * so keys can be tested before they are pinned.
   * @throws CVaultError `host_key_mismatch`, `server_unreachable`
   */
  probe(server: Server): Promise<Probe>;
  wake(serverIds: readonly string[]): void;
  /** This replica's view of its channel to a VPN server. */
  linkTo(serverId: string): LinkView;
  /** The number of peers on the interface now; null if unknown. */
  peerCount(serverId: string): Promise<number | null>;
}

/** Makes the script that turns a machine into a VPN server or repairs one. */
export interface Installer {
  /** The version of the agent that it installs. */
  readonly agentVersion: string;
  /** A POSIX shell script to run there as root. It changes nothing on another VPN server. */
  render(input: {
    readonly serverId: string;
    /** The known public key of its interface; null for a new one. */
    readonly publicKey: Buffer | null;
    /** Whether it may make a new key if the interface's own is lost. */
    readonly replaceKey: boolean;
    readonly interfaceName: string;
    /** The UDP port of a new interface. An existing one keeps its port. */
    readonly listenPort: number;
    /** The VPN server's own tunnel addresses with their prefix lengths: `10.8.0.1/24`. */
    readonly tunnelAddresses: readonly string[];
    readonly controlPublicKey: string;
  }): string;
}
