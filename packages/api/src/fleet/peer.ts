/** A device's limits on its VPN server. */
export interface PeerLimits {
  /** Null: any speed. */
  readonly uploadBitsPerSecond: number | null;
  readonly downloadBitsPerSecond: number | null;
  /** Whether its data is limited: the remainder must then be read. */
  readonly data: boolean;
}

/** A device's desired state on a VPN server, from the database. */
export interface DesiredPeer {
  readonly tenantId: string;
  readonly deviceId: string;
  readonly generation: number;
  /** False: the VPN server must not have it, and must remember that. */
  readonly present: boolean;
  /** Canonical base64. */
  readonly publicKey: string;
  readonly addresses: readonly string[];
  /** Null for none. */
  readonly sealedPresharedKey: Buffer | null;
  /** The old key that works until this one has had a handshake; canonical base64, null for none. */
  readonly replaces: string | null;
  /** Peers of the same network reach each other; null: it reaches none. */
  readonly network: string | null;
  readonly limits: PeerLimits;
  readonly appliedGeneration: number;
  readonly appliedEpoch: string | null;
}

/** A peer's observed state on a VPN server, from its agent. */
export interface ObservedPeer {
  readonly publicKey: string;
  /** In CIDR notation, as on the interface. */
  readonly allowedIps: readonly string[];
  /** Its device as the agent knows it; null for a found peer that no device has claimed. */
  readonly owner: { readonly deviceId: string; readonly generation: number } | null;
}

/** A device's generation that a VPN server has acknowledged. */
export interface Acknowledgement {
  readonly deviceId: string;
  readonly generation: number;
}

/** The desired state of a VPN server in a few numbers. */
export interface DesiredDigest {
  /** The epoch for which acknowledgements count; null if none was ever reconciled. */
  readonly epoch: string | null;
  readonly peers: number;
  /** 64 bits: XOR of the digests of the peers. */
  readonly digest: bigint;
  /** Devices whose newest generation this epoch has not acknowledged. */
  readonly unnoted: number;
  /** As in `PeerStore.tunnelAddresses`. */
  readonly tunnelAddresses: readonly string[];
}
