import { type Device, type DeviceState, holdsOf } from '@cvault/core';

/** Columns of a device `d` on its VPN server `s`, of tenant `t`: what `deviceFromRow` reads. */
export const DEVICE_COLUMNS = `
  d.id, d.tenant_id, d.user_id, d.name, d.state, d.generation, d.applied_generation, d.applied_epoch, d.failure,
  d.public_key, d.private_key, d.preshared_key, d.replaces_key, d.overlap_until, d.key_changed_at,
  host(d.assigned_ip) AS assigned_ip, host(d.assigned_ip6) AS assigned_ip6, d.expires_at, d.holds, d.last_connected_at,
  d.created_at, d.server_id, s.name AS server_name, s.region, host(s.endpoint_host) AS endpoint_host, s.endpoint_port,
  host(s.endpoint_host6) AS endpoint_host6,
  s.public_key AS server_public_key, s.epoch AS server_epoch,
  (SELECT array_agg(host(address) ORDER BY place) FROM unnest(t.dns) WITH ORDINALITY AS dns(address, place)) AS dns`;

/** Joins to go with DEVICE_COLUMNS. */
export const DEVICE_JOINS = 'JOIN servers s ON s.id = d.server_id JOIN tenants t ON t.id = d.tenant_id';

export interface DeviceRow {
  id: string;
  tenant_id: string;
  user_id: string;
  name: string;
  state: DeviceState;
  generation: number;
  applied_generation: number;
  applied_epoch: string | null;
  failure: string | null;
  public_key: Buffer;
  private_key: Buffer | null;
  preshared_key: Buffer | null;
  replaces_key: Buffer | null;
  overlap_until: Date | null;
  key_changed_at: Date;
  assigned_ip: string;
  assigned_ip6: string | null;
  expires_at: Date | null;
  holds: number;
  last_connected_at: Date | null;
  created_at: Date;
  server_id: string;
  server_name: string;
  region: string;
  endpoint_host: string;
  endpoint_port: number;
  endpoint_host6: string | null;
  server_public_key: Buffer;
  server_epoch: string | null;
  dns: string[] | null;
}

export function deviceFromRow(row: DeviceRow): Device {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    userId: row.user_id,
    name: row.name,
    state: row.state,
    generation: row.generation,
    appliedGeneration: row.applied_generation,
    appliedEpoch: row.applied_epoch,
    failure: row.failure,
    publicKey: row.public_key,
    sealedPrivateKey: row.private_key,
    sealedPresharedKey: row.preshared_key,
    replacesKey: row.replaces_key,
    overlapUntil: row.overlap_until,
    keyChangedAt: row.key_changed_at,
    assignedIp: row.assigned_ip,
    assignedIp6: row.assigned_ip6,
    expiresAt: row.expires_at,
    holds: holdsOf(row.holds),
    dns: row.dns ?? [],
    lastConnectedAt: row.last_connected_at,
    createdAt: row.created_at,
    placement: {
      serverId: row.server_id,
      serverName: row.server_name,
      region: row.region,
      endpointHost: row.endpoint_host,
      endpointPort: row.endpoint_port,
      endpointHost6: row.endpoint_host6,
      serverPublicKey: row.server_public_key,
      serverEpoch: row.server_epoch,
    },
  };
}
