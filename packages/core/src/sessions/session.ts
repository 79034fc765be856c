import type { Owner } from '../devices/ports.ts';

/** A device's use of the VPN. */
export interface Session {
  readonly id: string;
  readonly connectedAt: Date;
  readonly device: { readonly id: string; readonly name: string; readonly assignedIp: string };
  readonly server: { readonly endpointHost: string; readonly endpointPort: number; readonly region: string };
}

export interface SessionStore {
  /** Opens the device's session, or answers the one that is open already. The device is one of the owner's. */
  open(owner: Owner, deviceId: string): Promise<{ id: string; connectedAt: Date; opened: boolean }>;
  /** The owner's open sessions, oldest first. */
  listOpen(owner: Owner): Promise<Session[]>;
  /** Closes the device's open session; null where it has none. */
  close(owner: Owner, deviceId: string): Promise<{ id: string; closedAt: Date } | null>;
}
