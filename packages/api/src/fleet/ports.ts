import type { Acknowledgement, DesiredDigest, DesiredPeer } from './peer.ts';

/** An agent's report of its host. */
export interface HostReport {
  /** Faults that it cannot mend. */
  readonly problems: readonly { readonly code: string; readonly detail: string }[];
  /** Its mends, numbered through the agent's life; some may have been reported before. */
  readonly mended: readonly { readonly number: number; readonly code: string; readonly detail: string }[];
}

/** The fleet's access to the database. Not bound to a tenant: a VPN server has the peers of many. */
export interface PeerStore {
  /** Every peer that may be on the VPN server's interface or must be kept off it. */
  desired(serverId: string): Promise<DesiredPeer[]>;
  /**
   * Claims up to `limit` due outbox entries for this caller alone and postpones them. Returns the desired state of
   * their devices now, which may be newer than the entry.
   */
  claimDue(serverId: string, limit: number): Promise<DesiredPeer[]>;
  /** VPN servers with due outbox entries. */
  serversWithDue(): Promise<string[]>;
  /**
   * Makes this the VPN server's current epoch: acknowledgements of older ones no longer count.
   * @param agentVersion the version that the agent reports
   */
  adoptEpoch(serverId: string, epoch: string, agentVersion?: string): Promise<void>;
  /** The VPN server's own tunnel addresses, each with the length of its network, for its interface. */
  tunnelAddresses(serverId: string): Promise<string[]>;
  /** Records in one statement that the agents of these VPN servers answered just now. */
  noteContact(serverIds: readonly string[]): Promise<void>;
  /**
   * Claims the periodic look at those VPN servers that no replica has claimed in the last `forMs` milliseconds.
   * Returns those that this caller got.
   */
  claimLook(serverIds: readonly string[], forMs: number): Promise<string[]>;
  /** The desired state of each of the VPN servers, in one statement for all. */
  digests(serverIds: readonly string[]): Promise<ReadonlyMap<string, DesiredDigest>>;
  /**
   * Stores the agent's report of its host, with an event for each news. Does nothing if the epoch is no longer the
   * VPN server's. Repeating a report writes nothing.
   */
  noteCondition(serverId: string, epoch: string, report: HostReport): Promise<void>;
  /** Adds to the count of changes that somebody else made on a VPN server. */
  noteDrift(serverId: string, peers: number): Promise<void>;
  /**
   * Stores acknowledgements, frees the resources of removed devices, and closes their outbox entries. Does nothing
   * if the epoch is no longer the VPN server's. Losing a call loses nothing: reconciling repeats it. Returns those
   * that could not be stored; the others are.
   */
  acknowledge(
    serverId: string,
    epoch: string,
    acknowledged: readonly Acknowledgement[],
  ): Promise<Map<Acknowledgement, unknown>>;
  /** Marks a device failed if this generation is still its newest: its quota is returned and its address drained. */
  fail(peer: Pick<DesiredPeer, 'tenantId' | 'deviceId' | 'generation'>, reason: string): Promise<void>;
}
