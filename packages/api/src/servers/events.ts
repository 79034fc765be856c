/**
 * - unreachable, recovered: its agent stopped answering, and answers again
 * - degraded, restored: its agent found a fault that it cannot mend, and the fault is gone
 * - mended: somebody changed the agent's setup, and the agent restored it
 */
export const SERVER_EVENTS = [
  'server.unreachable',
  'server.recovered',
  'server.degraded',
  'server.restored',
  'server.mended',
] as const;

type ServerEventType = (typeof SERVER_EVENTS)[number];

/** An event of a VPN server, for the operator. */
export interface ServerEvent {
  readonly id: number;
  readonly at: Date;
  readonly type: ServerEventType;
  readonly serverId: string;
  readonly serverName: string;
  /** Its subject, such as `forwarding_off`. */
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
