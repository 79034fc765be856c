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
    /** Acknowledged, and waiting until no packet for the last holder can reach the next. */
    readonly quarantine: number;
  };
}
