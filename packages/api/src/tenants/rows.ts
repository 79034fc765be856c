import type { ApiKeyMode } from '../platform/access/api-key.ts';
import type { Scope } from '../platform/access/scopes.ts';
import type { ApiKey, Tenant, TenantState } from './tenant.ts';

/** What `tenantFromRow` reads of a row of `tenants`, in the table's own order of resolvers. */
export const TENANT_COLUMNS = `
  id, name, state, device_count, device_limit, password_length_min, auth_rate_limit, auth_rate_window_seconds, created_at,
  tenant_rate_limit, key_rate_limit, user_rate_limit, client_rate_limit,
  route_ipv6, search_domains, mtu, persistent_keepalive, private_network, session_limit, user_device_limit, user_session_limit, data_limit_bytes, user_data_limit_bytes,
  data_reset_day, data_warn_percents, upload_bits_per_second, download_bits_per_second, key_lifetime_days, key_rotation_days,
  private_keys_once, no_log, session_days, usage_days, delivery_log_days,
  ARRAY(SELECT text(range) FROM unnest(routes) WITH ORDINALITY AS routes(range, place) ORDER BY place) AS routes,
  ARRAY(SELECT host(address) FROM unnest(dns) WITH ORDINALITY AS resolvers(address, place) ORDER BY place) AS dns`;

export interface TenantRow {
  id: string;
  name: string;
  state: TenantState;
  device_count: number;
  device_limit: number;
  password_length_min: number;
  auth_rate_limit: number;
  auth_rate_window_seconds: number;
  tenant_rate_limit: number;
  key_rate_limit: number;
  user_rate_limit: number;
  client_rate_limit: number;
  dns: string[];
  routes: string[];
  route_ipv6: boolean;
  search_domains: string[];
  mtu: number | null;
  persistent_keepalive: number;
  private_network: boolean;
  session_limit: number | null;
  user_device_limit: number | null;
  user_session_limit: number | null;
  data_limit_bytes: number | null;
  user_data_limit_bytes: number | null;
  data_reset_day: number;
  data_warn_percents: number[];
  upload_bits_per_second: number | null;
  download_bits_per_second: number | null;
  key_lifetime_days: number | null;
  key_rotation_days: number | null;
  private_keys_once: boolean;
  no_log: boolean;
  session_days: number | null;
  usage_days: number | null;
  delivery_log_days: number;
  created_at: Date;
}

export function tenantFromRow(row: TenantRow): Tenant {
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    deviceCount: row.device_count,
    deviceLimit: row.device_limit,
    passwordLengthMin: row.password_length_min,
    authRateLimit: row.auth_rate_limit,
    authRateWindowSeconds: row.auth_rate_window_seconds,
    tenantRateLimit: row.tenant_rate_limit,
    keyRateLimit: row.key_rate_limit,
    userRateLimit: row.user_rate_limit,
    clientRateLimit: row.client_rate_limit,
    dns: row.dns,
    searchDomains: row.search_domains,
    mtu: row.mtu,
    persistentKeepalive: row.persistent_keepalive,
    routes: row.routes,
    routeIpv6: row.route_ipv6,
    privateNetwork: row.private_network,
    sessionLimit: row.session_limit,
    userDeviceLimit: row.user_device_limit,
    userSessionLimit: row.user_session_limit,
    dataLimitBytes: row.data_limit_bytes,
    userDataLimitBytes: row.user_data_limit_bytes,
    dataResetDay: row.data_reset_day,
    dataWarnPercents: row.data_warn_percents,
    uploadBitsPerSecond: row.upload_bits_per_second,
    downloadBitsPerSecond: row.download_bits_per_second,
    keyLifetimeDays: row.key_lifetime_days,
    keyRotationDays: row.key_rotation_days,
    privateKeysOnce: row.private_keys_once,
    noLog: row.no_log,
    sessionDays: row.session_days,
    usageDays: row.usage_days,
    deliveryLogDays: row.delivery_log_days,
    createdAt: row.created_at,
  };
}

export const API_KEY_COLUMNS = `
  id, name, mode, prefix, scopes, expires_at, last_used_at, created_at, revoked_at, parent_id, replaces_id,
  ARRAY(SELECT text(range) FROM unnest(allowed_sources) AS sources(range)) AS allowed_sources`;

export interface ApiKeyRow {
  id: string;
  name: string;
  mode: ApiKeyMode;
  prefix: string;
  scopes: Scope[] | null;
  allowed_sources: string[];
  expires_at: Date | null;
  last_used_at: Date | null;
  created_at: Date;
  revoked_at: Date | null;
  parent_id: string | null;
  replaces_id: string | null;
}

export function apiKeyFromRow(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    name: row.name,
    mode: row.mode,
    prefix: row.prefix,
    scopes: row.scopes,
    allowedSources: row.allowed_sources,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
    parentId: row.parent_id,
    replacesId: row.replaces_id,
  };
}
