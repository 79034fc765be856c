import type { RefusalStore } from './ports.ts';
import type { Database } from '../platform/db/database.ts';

const APPEND = `
INSERT INTO audit_log (tenant_id, act, result, reason, actor_kind, actor_id, request_id, count)
SELECT tenant_id, act, 'refused', reason, actor_kind, actor_id, request_id, count
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[])
  AS r (tenant_id, act, reason, actor_kind, actor_id, request_id, count)`;

export function createRefusalStore({ pool }: Database): RefusalStore {
  return {
    async append(refusals) {
      await pool.query(APPEND, [
        refusals.map((refusal) => refusal.tenantId),
        refusals.map((refusal) => refusal.act),
        refusals.map((refusal) => refusal.reason),
        refusals.map((refusal) => refusal.actor.kind),
        refusals.map((refusal) => refusal.actor.id),
        refusals.map((refusal) => refusal.requestId),
        refusals.map((refusal) => refusal.count),
      ]);
    },
  };
}
