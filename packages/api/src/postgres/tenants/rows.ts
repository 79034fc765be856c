import type { ApiKey, ApiKeyMode, Tenant, TenantState } from '@cvault/core';

/** What `tenantFromRow` reads of a row of `tenants`, in the table's own order of resolvers. */
export const TENANT_COLUMNS = `
  id, name, state, device_count, device_limit, password_length_min, auth_rate_limit, auth_rate_window_seconds, created_at,
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
  dns: string[];
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
    dns: row.dns,
    createdAt: row.created_at,
  };
}

export const API_KEY_COLUMNS = 'id, name, mode, prefix, created_at, revoked_at';

export interface ApiKeyRow {
  id: string;
  name: string;
  mode: ApiKeyMode;
  prefix: string;
  created_at: Date;
  revoked_at: Date | null;
}

export function apiKeyFromRow(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    name: row.name,
    mode: row.mode,
    prefix: row.prefix,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
  };
}
