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
 * What ended a session: the app's word, 180 s without a handshake, the move to another VPN server, or that the device may not
 * be there any more.
 */
type SessionEnd = 'disconnect' | 'silence' | 'moved' | 'revoked';

/** A session as history tells it. Of where the device was, nothing is known. */
export interface PastSession {
  readonly id: string;
  readonly userId: string;
  readonly state: 'ACTIVE' | 'CLOSED';
  /** `handshake`: the device connected without telling us. */
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

/** Whose sessions are meant. */
export type SessionScope =
  | { readonly of: 'user'; readonly tenantId: string; readonly userId: string }
  | { readonly of: 'device'; readonly tenantId: string; readonly userId: string; readonly deviceId: string }
  | { readonly of: 'tenant'; readonly tenantId: string }
  /** What keys of one mode see of it, of one user and device or of all. */
  | {
      readonly of: 'mode';
      readonly tenantId: string;
      readonly mode: ApiKeyMode;
      readonly userId: string | null;
      readonly deviceId: string | null;
    };

export interface SessionStore {
  /** Opens the device's session, or answers the one that is open already. The device is one of the owner's. */
  open(owner: Owner, deviceId: string): Promise<{ id: string; connectedAt: Date; opened: boolean }>;
  /** The owner's open sessions, oldest first. */
  listOpen(owner: Owner): Promise<Session[]>;
  /** Closes the device's open session; null where it has none. */
  close(owner: Owner, deviceId: string): Promise<{ id: string; closedAt: Date } | null>;
  /**
   * Newest first; those after the session `afterId`, which has to be in the same scope. Null where there is no such device
   * or tenant; `unknown_page` where there is no such session in it.
   */
  history(
    scope: SessionScope,
    page: { readonly limit: number; readonly afterId?: string | undefined },
  ): Promise<PastSession[] | 'unknown_page' | null>;
}
