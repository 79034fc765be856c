/** What a device may use of its VPN server. */
export interface PeerLimits {
  /** Null: any speed. */
  readonly uploadBitsPerSecond: number | null;
  readonly downloadBitsPerSecond: number | null;
  /** Whether there is a limit to its data: how much of it is left has to be asked for. */
  readonly data: boolean;
}

/** What a VPN server should carry for one device: desired state, from the database. */
export interface DesiredPeer {
  readonly tenantId: string;
  readonly deviceId: string;
  readonly generation: number;
  /** False: the VPN server must not carry it, and must remember that. */
  readonly present: boolean;
  /** Canonical base64. */
  readonly publicKey: string;
  readonly addresses: readonly string[];
  /** Null for none. */
  readonly sealedPresharedKey: Buffer | null;
  /** The old key that goes on working until this one has had a handshake; canonical base64, null for none. */
  readonly replaces: string | null;
  /** Peers with the same one reach each other; null: it reaches none. */
  readonly network: string | null;
  readonly limits: PeerLimits;
  readonly appliedGeneration: number;
  readonly appliedEpoch: string | null;
}

/** What a VPN server carries: observed state, from its agent. */
export interface ObservedPeer {
  readonly publicKey: string;
  /** In CIDR notation, as the interface has them. */
  readonly allowedIps: readonly string[];
  /** The device that the agent knows it to be of; null where it found the peer and nobody has claimed it. */
  readonly owner: { readonly deviceId: string; readonly generation: number } | null;
}

/** A device's generation that a VPN server has acknowledged. */
export interface Acknowledgement {
  readonly deviceId: string;
  readonly generation: number;
}

/** All that a VPN server should carry, in a few numbers. */
export interface DesiredDigest {
  /** The agent's life that acknowledgements count for; null where none was ever reconciled. */
  readonly epoch: string | null;
  readonly peers: number;
  /** 64 bits: the digests of the peers, combined by exclusive or. */
  readonly digest: bigint;
  /** Devices whose newest generation this epoch has not acknowledged. */
  readonly unnoted: number;
  /** As `PeerStore.tunnelAddresses` has them. */
  readonly tunnelAddresses: readonly string[];
}
