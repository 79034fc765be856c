import type { ApiKeyMode } from '../platform/access/api-key.ts';

/** The public view of a VPN server: nothing about its other users or the operator's access. */
export interface Location {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  /** The endpoint of devices. IPv6 without brackets. */
  readonly endpointHost: string;
  /** Its devices also have an IPv6 tunnel address. */
  readonly hasIpv6: boolean;
  readonly status: LocationStatus;
  readonly load: Load;
}

/**
 * - available: takes devices
 * - full: all addresses are in use
 * - unavailable: in maintenance, unreachable or degraded
 */
type LocationStatus = 'available' | 'full' | 'unavailable';

/** The share of used addresses: below one half, below four fifths, above. */
type Load = 'low' | 'medium' | 'high';

/** The data that a location is derived from. */
export interface LocatedServer extends Pick<Location, 'id' | 'name' | 'region' | 'endpointHost' | 'hasIpv6'> {
  /** Active, with a weight above 0. */
  readonly open: boolean;
  /** Its agent responds and reports no problem. */
  readonly healthy: boolean;
  /** Counted some seconds ago. */
  readonly addresses: number;
  readonly freeAddresses: number;
}

export interface LocationStore {
  /** VPN servers that have or may have devices of this mode, by region and name. */
  locatedServers(mode: ApiKeyMode): Promise<LocatedServer[]>;
}

function statusOfLocation({ open, healthy, freeAddresses }: LocatedServer): LocationStatus {
  if (!open || !healthy) return 'unavailable';
  return freeAddresses === 0 ? 'full' : 'available';
}

function loadOf({ addresses, freeAddresses }: LocatedServer): Load {
  const used = addresses === 0 ? 1 : 1 - freeAddresses / addresses;
  if (used < 0.5) return 'low';
  return used < 0.8 ? 'medium' : 'high';
}

export function locationOf(server: LocatedServer): Location {
  const { id, name, region, endpointHost, hasIpv6 } = server;
  return { id, name, region, endpointHost, hasIpv6, status: statusOfLocation(server), load: loadOf(server) };
}
