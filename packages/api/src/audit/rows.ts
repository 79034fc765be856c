import type { AuditEntry } from './entry.ts';

/** The columns of audit_log that `entryFromRow` reads. */
export const ENTRY_COLUMNS =
  'id, tenant_id, at, act, result, reason, count, actor_kind, actor_id, target_kind, target_id, request_id, changed, place, hash';

export interface EntryRow {
  id: number;
  tenant_id: string | null;
  at: Date;
  act: string;
  result: AuditEntry['result'];
  reason: string | null;
  count: number;
  actor_kind: string;
  actor_id: string | null;
  target_kind: string | null;
  target_id: string | null;
  request_id: string | null;
  changed: string[];
  place: number | null;
  hash: Buffer | null;
}

export function entryFromRow(row: EntryRow): AuditEntry {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    at: row.at,
    act: row.act,
    result: row.result,
    reason: row.reason,
    count: row.count,
    actor: { kind: row.actor_kind, id: row.actor_id },
    target: row.target_kind === null ? null : { kind: row.target_kind, id: row.target_id },
    requestId: row.request_id,
    changed: row.changed,
    seal: row.place === null || row.hash === null ? null : { place: row.place, hash: row.hash },
  };
}

/** SQL of `chainOf`. */
export const CHAIN = "coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'::uuid)";
