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

/** What the VPN server told about itself when it was installed or repaired. */
export interface Activation {
  readonly publicKey: Buffer;
  readonly hostKeys: readonly string[];
  /** Whether another public key than the known one may take its place: every device needs its configuration anew then. */
  readonly replaceKey: boolean;
}

export interface ServerStore {
  /** @throws CVaultError `name_taken` */
  create(server: NewServer): Promise<{ server: Server; pools: Pool[] }>;
  list(): Promise<Server[]>;
  /** Null where there is none, or where it is removed. */
  find(id: string): Promise<Server | null>;
  /** The private key that the control plane reaches it with, sealed; null unless the transport is `ssh`. */
  sealedSshKey(id: string): Promise<Buffer | null>;
  /**
   * Pins what was told. One that is provisioning becomes active; any other keeps its state.
   * @throws CVaultError `state_conflict` where it is being removed, or where the public key is not the known one and may
   *   not be replaced; `public_key_taken`
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
   * Removes it once it has no device that could be on it, with its pools and its access; answers whether it is gone. One
   * that was never activated leaves no row.
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
   * Opens a connection of its own and asks. The host keys and the public key are those of `server`, whatever the database
   * says: what is not pinned yet can be tried before it is.
   * @throws CVaultError `host_key_mismatch`, `server_unreachable`
   */
  probe(server: Server): Promise<Probe>;
  wake(serverIds: readonly string[]): void;
  /** What this replica knows of its channel to a VPN server. */
  linkTo(serverId: string): LinkView;
  /** How many peers the interface carries now; null where that cannot be told. */
  peerCount(serverId: string): Promise<number | null>;
}

/** Makes what a machine needs to become a VPN server, or to become a whole one again. */
export interface Installer {
  /** Of the agent that it installs. */
  readonly agentVersion: string;
  /** A POSIX shell script, to be run there as root. On another VPN server than this one it changes nothing. */
  render(input: {
    readonly serverId: string;
    /** The public key that its interface is known by; null where it is new. */
    readonly publicKey: Buffer | null;
    /** Whether it may make a new key where the interface's own is lost. */
    readonly replaceKey: boolean;
    readonly interfaceName: string;
    /** The UDP port of a new interface. One that is there keeps the port that it has. */
    readonly listenPort: number;
    /** The VPN server's own tunnel addresses with their prefix lengths: `10.8.0.1/24`. */
    readonly tunnelAddresses: readonly string[];
    readonly controlPublicKey: string;
  }): string;
}
