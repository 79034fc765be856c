/**
 * Usage of tenants and users in their current period. Each is stored as one number, so reading it costs the same
 * for any number of devices. A missing total (new period, moved reset day) starts from usage_metrics.
 */
import type { OverLimit } from './ports.ts';
import type pg from 'pg';
import { periodStartSql, USER_DATA_LIMIT } from './period-sql.ts';

/**
 * Adds to the totals, records crossed warning thresholds and limits, and returns reached limits. Runs last in its
 * transaction and locks rows in order, because a tenant's row is shared by all of its devices. `added_bytes` serves
 * the conflict clause: it adds this page's bytes without the history again.
 */
const ADD = {
  name: 'usage-totals-add',
  text: `
WITH moved AS (
  SELECT tenant_id, user_id, bytes FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS m (tenant_id, user_id, bytes)
), subject AS (
  SELECT tenant_id, user_id AS id, bytes FROM moved
  UNION ALL
  SELECT tenant_id, tenant_id, sum(bytes)::bigint FROM moved GROUP BY tenant_id
), total AS (
  INSERT INTO usage_periods AS p (tenant_id, subject_id, starts_at, used_bytes, added_bytes)
  SELECT s.tenant_id, s.id, period.starts_at, s.bytes + CASE
      WHEN EXISTS (SELECT FROM usage_periods k
        WHERE k.tenant_id = s.tenant_id AND k.subject_id = s.id AND k.starts_at = period.starts_at) THEN 0
      WHEN s.id = s.tenant_id THEN (SELECT coalesce(sum(upload_bytes + download_bytes), 0) FROM usage_metrics
        WHERE tenant_id = s.tenant_id AND starts_at >= period.starts_at)::bigint - s.bytes
      ELSE (SELECT coalesce(sum(upload_bytes + download_bytes), 0) FROM usage_metrics
        WHERE tenant_id = s.tenant_id AND user_id = s.id AND starts_at >= period.starts_at)::bigint - s.bytes
    END, s.bytes
  FROM subject s JOIN tenants t ON t.id = s.tenant_id
  CROSS JOIN LATERAL (SELECT ${periodStartSql('t.data_reset_day')} AS starts_at) AS period
  ORDER BY s.tenant_id, s.id
  ON CONFLICT (tenant_id, subject_id, starts_at) DO UPDATE SET
    used_bytes = p.used_bytes + excluded.added_bytes, added_bytes = excluded.added_bytes
  RETURNING tenant_id, subject_id, starts_at, used_bytes
), limited AS (
  SELECT total.*, t.data_warn_percents,
    CASE WHEN total.subject_id = t.id THEN t.data_limit_bytes ELSE ${USER_DATA_LIMIT} END AS limit_bytes
  FROM total JOIN tenants t ON t.id = total.tenant_id
  LEFT JOIN tenant_users u ON u.tenant_id = total.tenant_id AND u.id = total.subject_id
), warned AS (
  INSERT INTO usage_warnings AS w (tenant_id, subject_id, starts_at, percent, limit_bytes, used_bytes)
  SELECT DISTINCT tenant_id, subject_id, starts_at, percent, limit_bytes, used_bytes
  FROM limited CROSS JOIN LATERAL unnest(data_warn_percents || 100) AS percent
  WHERE limit_bytes IS NOT NULL AND used_bytes::numeric * 100 >= limit_bytes::numeric * percent
  ON CONFLICT (tenant_id, subject_id, starts_at, percent) DO UPDATE SET
    limit_bytes = excluded.limit_bytes, used_bytes = excluded.used_bytes, created_at = now()
  WHERE w.limit_bytes < excluded.limit_bytes
)
SELECT tenant_id, nullif(subject_id, tenant_id) AS user_id FROM limited WHERE used_bytes >= limit_bytes`,
};

export interface MovedBytes {
  readonly tenant_id: string;
  readonly user_id: string;
  readonly bytes: number;
}

/** @param moved one entry per user; usage_metrics already has its bytes, from the same transaction */
export async function addToTotals(db: pg.PoolClient, moved: readonly MovedBytes[]): Promise<OverLimit[]> {
  if (moved.length === 0) return [];
  const { rows } = await db.query<{ tenant_id: string; user_id: string | null }>({
    ...ADD,
    values: [
      moved.map((one) => one.tenant_id),
      moved.map((one) => one.user_id),
      moved.map((one) => one.bytes),
    ],
  });
  return rows.map((row) => ({ tenantId: row.tenant_id, userId: row.user_id }));
}
