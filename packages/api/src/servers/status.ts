import type { Owner } from '../devices/index.ts';
import { CVaultError } from '../platform/errors.ts';
import type { FleetControl } from './ports.ts';

export interface ServerStatusStore {
  /** The VPN server of the owner's newest device, else the likely one for the next device; null if there is none. */
  serverFor(owner: Owner): Promise<{
    id: string;
    name: string;
    region: string;
    state: string;
    degraded: boolean;
  } | null>;
  /** The number of devices of all tenants. */
  deviceCount(serverId: string): Promise<number>;
}

export interface ServerStatus {
  /** Peers on the interface; if it cannot be asked, the devices placed there. */
  readonly peerCount: number;
  readonly status: 'active' | 'degraded' | 'disabled' | 'unreachable';
  readonly name: string;
  readonly region: string;
}

export interface ServerStatusDeps {
  readonly store: ServerStatusStore;
  readonly fleet: Pick<FleetControl, 'peerCount'>;
}

/** The status of a VPN server for an end user. */
export function createServerStatusService({ store, fleet }: ServerStatusDeps) {
  return {
    /** @throws CVaultError `not_found` if there is no VPN server at all */
    async of(owner: Owner): Promise<ServerStatus> {
      const server = await store.serverFor(owner);
      if (server === null) throw new CVaultError('not_found', 'There is no VPN server yet.');
      const peerCount = await fleet.peerCount(server.id);
      const { name, region } = server;
      if (peerCount === null) {
        return { peerCount: await store.deviceCount(server.id), status: 'unreachable', name, region };
      }
      if (server.state === 'disabled') return { peerCount, status: 'disabled', name, region };
      return { peerCount, status: server.degraded ? 'degraded' : 'active', name, region };
    },
  };
}

export type ServerStatusService = ReturnType<typeof createServerStatusService>;
