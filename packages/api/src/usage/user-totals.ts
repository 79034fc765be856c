import { periodStartSql, USER_DATA_LIMIT } from './period-sql.ts';

const LIMITS = { 'u.id': USER_DATA_LIMIT, 't.id': 't.data_limit_bytes' } as const;

/**
 * SQL for a subquery: the remainder of the data limit of a user (`u.id`) or tenant (`t.id`) in the current period,
 * from the rows `u` and `t`; no row without a limit. A missing total (new period, moved reset day) is computed from
 * the metered rows.
 *
 * `budget` names the remainder on VPN servers. They never add to a known budget, so its name changes with each
 * period, each limit, and each new grant of the remainder (`grants`).
 */
export function accountOf(subject: keyof typeof LIMITS): string {
  return `LATERAL (
    SELECT id, limit_bytes, starts_at, used_bytes, grants,
      CASE WHEN cut_limit_bytes >= limit_bytes THEN 0 ELSE greatest(0, limit_bytes - used_bytes) END AS bytes_left,
      encode(substring(sha256(convert_to(
        concat_ws('/', id, extract(epoch FROM starts_at)::bigint, limit_bytes, grants), 'UTF8')) FROM 1 FOR 16), 'hex') AS budget
    FROM (
      SELECT ${subject} AS id, ${LIMITS[subject]} AS limit_bytes, period.starts_at, p.cut_limit_bytes, coalesce(p.grants, 0) AS grants,
        coalesce(p.used_bytes, (
          SELECT sum(m.upload_bytes + m.download_bytes)::bigint FROM usage_metrics m
          WHERE m.tenant_id = t.id ${subject === 'u.id' ? 'AND m.user_id = u.id' : ''} AND m.starts_at >= period.starts_at
        ), 0) AS used_bytes
      FROM (SELECT ${periodStartSql('t.data_reset_day')} AS starts_at) AS period
      LEFT JOIN usage_periods p ON p.tenant_id = t.id AND p.subject_id = ${subject} AND p.starts_at = period.starts_at
      WHERE ${LIMITS[subject]} IS NOT NULL
    ) AS account
  )`;
}
