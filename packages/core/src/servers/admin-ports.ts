import type { LinkView } from './condition.ts';
import type { Evacuation } from './evacuation.ts';
import type { Pool, Server, SshAccess } from './server.ts';

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

/** What can be changed of a VPN server while it is in use; absent: stays. */
export interface ServerChanges {
  readonly name?: string | undefined;
  readonly weight?: number | undefined;
  readonly endpointHost?: string | undefined;
  readonly endpointPort?: number | undefined;
  /** Null: none any more. */
  readonly endpointHost6?: string | null | undefined;
}

/** What the VPN server told about itself when it was installed. */
export interface Activation {
  readonly publicKey: Buffer;
  readonly hostKeys: readonly string[];
}

export interface ServerStore {
  /** @throws CVaultError `name_taken` */
  create(server: NewServer): Promise<{ server: Server; pools: Pool[] }>;
  list(): Promise<Server[]>;
  /** Null where there is none, or where it is removed. */
  find(id: string): Promise<Server | null>;
  /**
   * Pins what was told, and lets devices come.
   * @throws CVaultError `state_conflict` unless it is provisioning; `public_key_taken`
   */
  activate(id: string, activation: Activation): Promise<Server>;
  /**
   * Takes it out of service or back. Draining: no device comes to it any more. Disabled: its devices are held too.
   * Active: they are released, and an evacuation ends. Answers false where its state does not allow that.
   */
  changeState(id: string, to: 'active' | 'draining' | 'disabled'): Promise<boolean>;
  /**
   * Drains it, and has its devices moved by and by; under way already, it goes on. Answers false where its state does not
   * allow that.
   * @param region where they are moved to; null: its own
   */
  beginEvacuation(id: string, region: string | null): Promise<boolean>;
  /** The last one; null where there was none. */
  evacuation(id: string): Promise<Evacuation | null>;
  /**
   * Changes what is named. Devices get to know another endpoint with their next configuration.
   * @throws CVaultError `name_taken`
   */
  update(id: string, changes: ServerChanges): Promise<void>;
  /** Marks it removing and deletes all of its devices, those of every tenant. */
  evict(id: string): Promise<void>;
  /**
   * Removes it once it has no device that could be on it, with its pools and its access; answers whether it is gone.
   * @param force also with removals that it has not acknowledged: the operator vouches that it serves nobody any more
   */
  finishRemoval(id: string, force: boolean): Promise<boolean>;
  /** Ids of VPN servers that are being removed. */
  removing(): Promise<string[]>;
  pools(serverId: string): Promise<Pool[]>;
  /** @throws CVaultError `pool_overlap`, `state_conflict` */
  addPool(serverId: string, cidr: string): Promise<Pool>;
  /** @throws CVaultError `not_found`, `pool_overlap`; `invalid_request` where the range does not hold the whole pool */
  growPool(serverId: string, poolId: string, cidr: string): Promise<Pool>;
  /**
   * Answers false where there is none.
   * @throws CVaultError `in_use` where an address of it is not free
   */
  removePool(serverId: string, poolId: string): Promise<boolean>;
}

/** What a test of the connection found. */
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
  /** Has this replica look at the list of VPN servers now; the others look by themselves every few seconds. */
  refresh(): Promise<void>;
  /**
   * Opens a connection of its own and asks.
   * @throws CVaultError `host_key_mismatch`, `server_unreachable`
   */
  probe(server: Server): Promise<Probe>;
  wake(serverIds: readonly string[]): void;
  /** What this replica knows of its channel to a VPN server. */
  linkTo(serverId: string): LinkView;
  /** How many peers the interface carries now; null where that cannot be told. */
  peerCount(serverId: string): Promise<number | null>;
}

/** Makes what a bare machine needs to become a VPN server. */
export interface Installer {
  /** A POSIX shell script, to be run there as root. */
  render(input: {
    readonly interfaceName: string;
    readonly listenPort: number;
    /** The VPN server's own tunnel addresses with their prefix lengths: `10.8.0.1/24`. */
    readonly tunnelAddresses: readonly string[];
    readonly controlPublicKey: string;
  }): string;
}
