import type { ApiKeyMode } from '../platform/access/api-key.ts';
import type { Owner } from '../devices/index.ts';

/** A device's use of the VPN. */
export interface Session {
  readonly id: string;
  readonly connectedAt: Date;
  readonly device: { readonly id: string; readonly name: string; readonly assignedIp: string };
  readonly server: { readonly endpointHost: string; readonly endpointPort: number; readonly region: string };
}

/**
 * The reason for a session's end: the app's call, 180 s without a handshake, a move to another VPN server, or the
 * device's deletion or suspension.
 */
type SessionEnd = 'disconnect' | 'silence' | 'moved' | 'revoked';

/** A session in the history. CVault does not know where the device was. */
export interface PastSession {
  readonly id: string;
  readonly userId: string;
  readonly state: 'ACTIVE' | 'CLOSED';
  /** `handshake`: the device connected without calling the API. */
  readonly openedBy: 'connect' | 'handshake';
  readonly connectedAt: Date;
  /** Null while it is open. */
  readonly closedAt: Date | null;
  readonly closedReason: SessionEnd | null;
  /** Bytes metered while it was open. */
  readonly uploadBytes: number;
  readonly downloadBytes: number;
  readonly device: { readonly id: string; readonly name: string };
  readonly server: { readonly id: string; readonly region: string };
}

/** The sessions to list. */
export type SessionScope =
  | { readonly of: 'user'; readonly tenantId: string; readonly userId: string }
  | { readonly of: 'device'; readonly tenantId: string; readonly userId: string; readonly deviceId: string }
  | { readonly of: 'tenant'; readonly tenantId: string }
  /** Those that keys of one mode see, optionally of one user or device. */
  | {
      readonly of: 'mode';
      readonly tenantId: string;
      readonly mode: ApiKeyMode;
      readonly userId: string | null;
      readonly deviceId: string | null;
    };

export interface SessionStore {
  /** Opens a session for the owner's device, or returns the open one. */
  open(owner: Owner, deviceId: string): Promise<{ id: string; connectedAt: Date; opened: boolean }>;
  /** The owner's open sessions, oldest first. */
  listOpen(owner: Owner): Promise<Session[]>;
  /** Closes the device's open session; null if it has none. */
  close(owner: Owner, deviceId: string): Promise<{ id: string; closedAt: Date } | null>;
  /**
   * Newest first, after the session `afterId` of the same scope. Null for an unknown device or tenant;
   * `unknown_page` for an unknown `afterId`.
   */
  history(
    scope: SessionScope,
    page: { readonly limit: number; readonly afterId?: string | undefined },
  ): Promise<PastSession[] | 'unknown_page' | null>;
}
