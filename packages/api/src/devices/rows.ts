import type { PeerLimits } from '../fleet/index.ts';
import type { Device, DeviceState } from './device.ts';
import { FIELD_COLUMNS, type FieldRow, fieldsFromRow } from './field-columns.ts';
import type { DeviceFields } from './fields.ts';
import { holdsOf } from './hold.ts';
import {
  CONFIGURATION_COLUMNS,
  type ConfigurationRow,
  type ConfigurationSettings,
  configurationFromRow,
} from '../settings/index.ts';
import { isReachable } from '../platform/db/reachable.ts';
import { effectiveSql } from '../user-limits/index.ts';

/** The limits of a device `d` of user `u` and tenant `t`: see `user_limit`. */
export const PLAN_COLUMNS = `
  CASE WHEN t.private_network THEN t.id END AS network,
  ${effectiveSql('uploadBitsPerSecond')} AS upload_bits_per_second,
  ${effectiveSql('downloadBitsPerSecond')} AS download_bits_per_second,
  coalesce(${effectiveSql('dataLimitBytes')}, t.data_limit_bytes) IS NOT NULL AS data_limited`;

export interface PlanRow {
  network: string | null;
  upload_bits_per_second: number | null;
  download_bits_per_second: number | null;
  data_limited: boolean;
}

export function limitsFromRow(row: PlanRow): PeerLimits {
  return {
    uploadBitsPerSecond: row.upload_bits_per_second,
    downloadBitsPerSecond: row.download_bits_per_second,
    data: row.data_limited,
  };
}

/** Columns of a device `d` on its VPN server `s`, of tenant `t` and user `u`, for `deviceFromRow`. */
export const DEVICE_COLUMNS = `
  d.id, d.tenant_id, d.user_id, d.state, d.generation, d.applied_generation, d.applied_epoch, d.failure,
  d.public_key, d.private_key, d.private_key_erased, t.private_keys_once, d.preshared_key, d.replaces_key, d.overlap_until, d.key_changed_at,
  host(d.assigned_ip) AS assigned_ip, host(d.assigned_ip6) AS assigned_ip6, d.holds, d.last_connected_at,
  d.created_at, d.key_changed_at + t.key_lifetime_days * interval '1 day' AS key_expires_at, d.server_id, s.name AS server_name, s.region, host(s.endpoint_host) AS endpoint_host, s.endpoint_port,
  host(s.endpoint_host6) AS endpoint_host6,
  s.public_key AS server_public_key, s.epoch AS server_epoch,
  NOT ${isReachable('s')} AS server_away,
  ${CONFIGURATION_COLUMNS}, ${FIELD_COLUMNS},${PLAN_COLUMNS}`;

/** Joins for PLAN_COLUMNS. */
export const PLAN_JOINS =
  'JOIN tenants t ON t.id = d.tenant_id JOIN tenant_users u ON u.tenant_id = d.tenant_id AND u.id = d.user_id';

/** Joins for DEVICE_COLUMNS. */
export const DEVICE_JOINS = `JOIN servers s ON s.id = d.server_id ${PLAN_JOINS}`;

export interface DeviceRow extends PlanRow, ConfigurationRow, FieldRow {
  id: string;
  tenant_id: string;
  user_id: string;
  state: DeviceState;
  generation: number;
  applied_generation: number;
  applied_epoch: string | null;
  failure: string | null;
  public_key: Buffer;
  private_key: Buffer | null;
  private_key_erased: boolean;
  private_keys_once: boolean;
  preshared_key: Buffer | null;
  replaces_key: Buffer | null;
  overlap_until: Date | null;
  key_changed_at: Date;
  key_expires_at: Date | null;
  assigned_ip: string;
  assigned_ip6: string | null;
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
  server_away: boolean;
}

/** A device's own takes the place of the tenant's. */
function effective(tenant: ConfigurationSettings, fields: DeviceFields): ConfigurationSettings {
  const own = Object.entries(fields).filter(([name, value]) => name in tenant && value !== null);
  return { ...tenant, ...Object.fromEntries(own) };
}

export function deviceFromRow(row: DeviceRow): Device {
  const fields = fieldsFromRow(row);
  return {
    id: row.id,
    tenantId: row.tenant_id,
    userId: row.user_id,
    fields,
    state: row.state,
    generation: row.generation,
    appliedGeneration: row.applied_generation,
    appliedEpoch: row.applied_epoch,
    failure: row.failure,
    publicKey: row.public_key,
    sealedPrivateKey: row.private_key,
    privateKeyOnce: row.private_keys_once,
    privateKeyErased: row.private_key_erased,
    sealedPresharedKey: row.preshared_key,
    replacesKey: row.replaces_key,
    overlapUntil: row.overlap_until,
    keyChangedAt: row.key_changed_at,
    keyExpiresAt: row.key_expires_at,
    assignedIp: row.assigned_ip,
    assignedIp6: row.assigned_ip6,
    holds: holdsOf(row.holds),
    configuration: effective(configurationFromRow(row), fields),
    network: row.network,
    limits: limitsFromRow(row),
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
      serverAway: row.server_away,
    },
  };
}
