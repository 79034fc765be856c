/**
 * - unreachable, recovered: its agent stopped answering, and answers again
 * - degraded, restored: its agent found something that it cannot mend, and that is over
 * - mended: somebody changed what the agent had set up, and the agent put it right
 */
export const SERVER_EVENTS = [
  'server.unreachable',
  'server.recovered',
  'server.degraded',
  'server.restored',
  'server.mended',
] as const;

type ServerEventType = (typeof SERVER_EVENTS)[number];

/** Something that happened to a VPN server, for the operator. */
export interface ServerEvent {
  readonly id: number;
  readonly at: Date;
  readonly type: ServerEventType;
  readonly serverId: string;
  readonly serverName: string;
  /** What it was about, such as `forwarding_off`. */
  readonly code: string;
  readonly detail: string;
}

export interface ServerEventStore {
  /** Newest first. */
  list(query: {
    readonly serverId?: string | undefined;
    readonly type?: ServerEventType | undefined;
    readonly limit: number;
    readonly beforeId?: number | undefined;
  }): Promise<ServerEvent[]>;
}
