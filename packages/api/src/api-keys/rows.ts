import type { ApiKeyMode } from '../platform/access/api-key.ts';
import type { Scope } from '../platform/access/scopes.ts';
import type { ApiKey } from './api-key.ts';

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
