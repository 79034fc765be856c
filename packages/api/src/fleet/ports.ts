import type { Acknowledgement, DesiredDigest, DesiredPeer } from './peer.ts';

/** What an agent says of its host. */
export interface HostReport {
  /** What is wrong and what it cannot mend. */
  readonly problems: readonly { readonly code: string; readonly detail: string }[];
  /** What it put right, numbered through the agent's life; some of it may have been told before. */
  readonly mended: readonly { readonly number: number; readonly code: string; readonly detail: string }[];
}

/** What the way to VPN servers reads and writes. Not bound to a tenant: a VPN server carries the peers of many. */
export interface PeerStore {
  /** Everything that may be on the VPN server's interface or must be kept off it. */
  desired(serverId: string): Promise<DesiredPeer[]>;
  /**
   * Claims up to `limit` outbox entries that are due, for this caller alone, and pushes their next time back; answers
   * what is desired of their devices now, which may be newer than the entry.
   */
  claimDue(serverId: string, limit: number): Promise<DesiredPeer[]>;
  /** VPN servers that have outbox entries due. */
  serversWithDue(): Promise<string[]>;
  /**
   * Notes that this life of the agent is the VPN server's now: what older ones acknowledged no longer counts.
   * @param agentVersion what the agent says it is
   */
  adoptEpoch(serverId: string, epoch: string, agentVersion?: string): Promise<void>;
  /** The VPN server's own tunnel addresses, each with the length of its network: what its interface is to have. */
  tunnelAddresses(serverId: string): Promise<string[]>;
  /** Notes that the agents of these VPN servers have answered just now, all in one statement. */
  noteContact(serverIds: readonly string[]): Promise<void>;
  /**
   * Claims the periodic look at those of the VPN servers that no replica has claimed in the last `forMs` milliseconds;
   * answers whose turn it is for this caller alone.
   */
  claimLook(serverIds: readonly string[], forMs: number): Promise<string[]>;
  /** What each of the VPN servers should be like, in one statement for all of them. */
  digests(serverIds: readonly string[]): Promise<ReadonlyMap<string, DesiredDigest>>;
  /**
   * Writes down what the agent says of its host, with an event for everything that is new. Does nothing where the epoch is
   * not the VPN server's any more. Saying the same again writes nothing.
   */
  noteCondition(serverId: string, epoch: string, report: HostReport): Promise<void>;
  /** Adds to what was ever found changed by somebody else on a VPN server. */
  noteDrift(serverId: string, peers: number): Promise<void>;
  /**
   * Writes down acknowledgements, frees what the removed devices held, and closes their outbox entries. Does nothing
   * where the epoch is not the VPN server's any more. Losing a call loses nothing: reconciling repeats it. Answers those
   * that could not be written down; the others are.
   */
  acknowledge(
    serverId: string,
    epoch: string,
    acknowledged: readonly Acknowledgement[],
  ): Promise<Map<Acknowledgement, unknown>>;
  /** Marks a device failed, if this generation is still its newest: its quota is given back, its address drained. */
  fail(peer: Pick<DesiredPeer, 'tenantId' | 'deviceId' | 'generation'>, reason: string): Promise<void>;
}
