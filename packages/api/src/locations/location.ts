import type { ApiKeyMode } from '../platform/access/api-key.ts';

/** What an end user may know of a VPN server: nothing of others who use it, nothing of how the operator reaches it. */
export interface Location {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  /** What devices connect to. IPv6 without brackets. */
  readonly endpointHost: string;
  /** Devices on it have an IPv6 tunnel address too. */
  readonly hasIpv6: boolean;
  readonly status: LocationStatus;
  readonly load: Load;
}

/**
 * - available: takes devices
 * - full: every address is in use
 * - unavailable: in maintenance, unreachable or degraded
 */
type LocationStatus = 'available' | 'full' | 'unavailable';

/** How many of its addresses are in use: below one half, below four fifths, above. */
type Load = 'low' | 'medium' | 'high';

/** A VPN server as far as its location follows from it. */
export interface LocatedServer extends Pick<Location, 'id' | 'name' | 'region' | 'endpointHost' | 'hasIpv6'> {
  /** Active, and its weight is not 0. */
  readonly open: boolean;
  /** Its agent answers, and has named no problem. */
  readonly healthy: boolean;
  /** As they were counted some seconds ago. */
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
