import type { Cut, OverLimit } from './ports.ts';
import type pg from 'pg';
import { queued } from '../platform/db/outbox.ts';
import { accountOf } from './user-totals.ts';

/** A remainder too small for the next packet: the kernel merges a stream's packets up to this size. */
const LESS_THAN_A_PACKET = 65_536;

/**
 * For each cut-off device, the owner of the budget and whether the limit is reached. No owner means that the budget
 * is obsolete: it belongs to another period or to a changed limit.
 */
const VERDICTS = `
SELECT d.id AS device_id, d.tenant_id, subject.id AS subject_id, nullif(subject.id, d.tenant_id) AS user_id,
  subject.starts_at, subject.limit_bytes, subject.used_bytes, subject.grants,
  subject.bytes_left < ${LESS_THAN_A_PACKET} AS reached
FROM unnest($1::uuid[], $2::text[]) AS told (device_id, budget)
JOIN devices d ON d.id = told.device_id AND d.state = 'live' AND d.generation = d.applied_generation
JOIN tenants t ON t.id = d.tenant_id
JOIN tenant_users u ON u.tenant_id = d.tenant_id AND u.id = d.user_id
LEFT JOIN LATERAL (
  SELECT * FROM ${accountOf('u.id')} AS mine UNION ALL SELECT * FROM ${accountOf('t.id')} AS ours
) AS subject ON subject.budget = told.budget`;

const GIVE_ANEW = `
WITH before AS (
  SELECT id FROM devices WHERE id = ANY ($1::uuid[]) AND state = 'live' AND generation = applied_generation
  ORDER BY id FOR NO KEY UPDATE
), d AS (
  UPDATE devices SET generation = generation + 1 FROM before WHERE devices.id = before.id
  RETURNING devices.id, devices.tenant_id, devices.server_id, devices.generation
), ${queued('d')}
SELECT DISTINCT server_id FROM d`;

const NOTE = `
WITH subject AS (
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::bigint[], $5::bigint[], $6::integer[], $7::boolean[])
    AS s (tenant_id, subject_id, starts_at, limit_bytes, used_bytes, grants, reached)
), noted AS (
  INSERT INTO usage_periods AS p (tenant_id, subject_id, starts_at, used_bytes, added_bytes, cut_limit_bytes, grants)
  SELECT tenant_id, subject_id, starts_at, used_bytes, 0, CASE WHEN reached THEN limit_bytes END,
    CASE WHEN reached THEN grants ELSE grants + 1 END
  FROM subject ORDER BY tenant_id, subject_id
  ON CONFLICT (tenant_id, subject_id, starts_at) DO UPDATE SET
    cut_limit_bytes = coalesce(excluded.cut_limit_bytes, p.cut_limit_bytes), grants = greatest(p.grants, excluded.grants)
)
INSERT INTO usage_warnings AS w (tenant_id, subject_id, starts_at, percent, limit_bytes, used_bytes)
SELECT tenant_id, subject_id, starts_at, 100, limit_bytes, used_bytes FROM subject WHERE reached
ON CONFLICT (tenant_id, subject_id, starts_at, percent) DO UPDATE SET
  limit_bytes = excluded.limit_bytes, used_bytes = excluded.used_bytes, created_at = now()
WHERE w.limit_bytes < excluded.limit_bytes`;

interface Verdict {
  readonly device_id: string;
  readonly tenant_id: string;
  /** Null, like the following columns, if the budget is obsolete. */
  readonly subject_id: string | null;
  readonly user_id: string | null;
  readonly starts_at: Date;
  readonly limit_bytes: number;
  readonly used_bytes: number;
  readonly grants: number;
  readonly reached: boolean | null;
}

/**
 * Decides about devices that VPN servers cut off. If less than a packet is left, the limit is reached: this is
 * recorded and returned. Otherwise the remainder is granted again. Also returns the VPN servers to notify.
 */
export async function settleCuts(
  db: pg.PoolClient,
  cuts: readonly Cut[],
): Promise<{ reached: OverLimit[]; serverIds: string[] }> {
  const { rows } = await db.query<Verdict>(VERDICTS, [
    cuts.map(({ deviceId }) => deviceId),
    cuts.map(({ budget }) => budget),
  ]);
  const anew = rows.filter(({ reached }) => reached !== true).map(({ device_id }) => device_id);
  const woken = await db.query<{ server_id: string }>(GIVE_ANEW, [anew]);
  const subjects = [...new Map(rows.map((row) => [row.subject_id, row])).values()].filter(
    ({ subject_id }) => subject_id !== null,
  );
  await db.query(NOTE, [
    subjects.map((one) => one.tenant_id),
    subjects.map((one) => one.subject_id),
    subjects.map((one) => one.starts_at),
    subjects.map((one) => one.limit_bytes),
    subjects.map((one) => one.used_bytes),
    subjects.map((one) => one.grants),
    subjects.map((one) => one.reached),
  ]);
  return {
    reached: subjects
      .filter(({ reached }) => reached === true)
      .map(({ tenant_id, user_id }) => ({ tenantId: tenant_id, userId: user_id })),
    serverIds: woken.rows.map(({ server_id }) => server_id),
  };
}
