import type { Retention } from '../platform/config/config.ts';
import type { Items } from '../platform/jobs/items.ts';
import type { Job } from '../platform/jobs/job.ts';
import type { Database } from '../platform/db/database.ts';
import { deleteFrom, type OldRows, rowsOf, workThroughAll } from '../platform/db/old-rows.ts';

/** Once a minute suffices: ages are counted in days. */
const EVERY_MS = 60_000;

const HOURS = `
SELECT ctid, device_id || ' ' || starts_at AS item, tenant_id, device_id, starts_at, span, server_id FROM usage_metrics
WHERE span = 'hour' AND starts_at < date_trunc('day', now(), 'UTC') - $3 * interval '1 day'
ORDER BY starts_at, device_id, server_id LIMIT $1 OFFSET $2 FOR UPDATE SKIP LOCKED`;

/**
 * Rolls hours up into days by deleting and adding in one statement. An interrupted run changes nothing, a repeated
 * one finds nothing, and concurrent ones take different rows.
 */
const rollUp = (rows: string) => `
WITH old AS (${rows}), hours AS (
  DELETE FROM usage_metrics u USING old
  WHERE u.tenant_id = old.tenant_id AND u.device_id = old.device_id AND u.starts_at = old.starts_at
    AND u.span = old.span AND u.server_id = old.server_id
  RETURNING u.*
), days AS (
  INSERT INTO usage_metrics AS u
    (tenant_id, user_id, device_id, server_id, span, starts_at, upload_bytes, download_bytes)
  SELECT tenant_id, user_id, device_id, server_id, 'day', date_trunc('day', starts_at, 'UTC') AS day,
    sum(upload_bytes), sum(download_bytes)
  FROM hours GROUP BY tenant_id, user_id, device_id, server_id, day ORDER BY tenant_id, device_id, day, server_id
  ON CONFLICT (tenant_id, device_id, starts_at, span, server_id) DO UPDATE SET
    upload_bytes = u.upload_bytes + excluded.upload_bytes, download_bytes = u.download_bytes + excluded.download_bytes
)
SELECT FROM hours`;

/** Per tenant, through its index, since retention differs between tenants. No-log mode keeps nothing. */
const DAYS = `
SELECT old.ctid, old.item FROM tenants t CROSS JOIN LATERAL (
  SELECT ctid, device_id || ' ' || starts_at AS item, starts_at AS at FROM usage_metrics
  WHERE tenant_id = t.id AND (t.no_log OR span = 'day')
    AND (t.no_log OR starts_at < now() - coalesce(t.usage_days, $3) * interval '1 day')
  ORDER BY at, item LIMIT $1::int + $2::int FOR UPDATE SKIP LOCKED
) AS old ORDER BY t.id, at, item LIMIT $1 OFFSET $2`;

const SESSIONS = `
SELECT old.ctid, old.item FROM tenants t CROSS JOIN LATERAL (
  SELECT ctid, id::text AS item, closed_at AS at FROM sessions
  WHERE tenant_id = t.id AND state = 'CLOSED'
    AND closed_at < now() - CASE WHEN t.no_log THEN 0 ELSE coalesce(t.session_days, $3) END * interval '1 day'
  ORDER BY at, item LIMIT $1::int + $2::int FOR UPDATE SKIP LOCKED
) AS old ORDER BY t.id, at, item LIMIT $1 OFFSET $2`;

/**
 * In no-log mode, a device's last use is kept only during its session, because metering needs it to close the
 * session.
 */
const LAST_CONNECTED = `
SELECT d.ctid, d.id::text AS item FROM devices d JOIN tenants t ON t.id = d.tenant_id
WHERE t.no_log AND d.last_connected_at IS NOT NULL
  AND NOT EXISTS (SELECT FROM sessions s WHERE s.device_id = d.id AND s.state = 'ACTIVE')
ORDER BY d.id LIMIT $1 OFFSET $2 FOR UPDATE OF d SKIP LOCKED`;
const forgetLastConnected = (rows: string) =>
  `UPDATE devices SET last_connected_at = NULL WHERE ctid = ANY (ARRAY(SELECT ctid FROM (${rows}) AS old))`;

/** Deliveries and their log go with the event. Any that still wait are older than the last retry. */
const EVENTS = `
SELECT old.ctid, old.item FROM tenants t CROSS JOIN LATERAL (
  SELECT ctid, id::text AS item, created_at AS at FROM webhook_events
  WHERE tenant_id = t.id AND created_at < now() - t.delivery_log_days * interval '1 day'
  ORDER BY at, item LIMIT $1::int + $2::int
) AS old ORDER BY t.id, at, item LIMIT $1 OFFSET $2`;

/** Periods before the previous one, and their warnings, are no longer read. */
const SUBJECT = "subject_id || ' ' || starts_at";

/**
 * Counts of finished lives, after a day, since a reading may still be in progress. Counts of the current life are
 * kept even for deleted devices: without them, the next reading would count from 0.
 */
const LIVES = `
SELECT m.ctid, m.device_id || ' ' || m.life AS item
FROM meter_readings m LEFT JOIN meter_passes p ON p.server_id = m.server_id
WHERE m.read_at < now() - interval '1 day' AND m.life IS DISTINCT FROM p.life
ORDER BY m.device_id, m.server_id, m.life LIMIT $1 OFFSET $2 FOR UPDATE OF m SKIP LOCKED`;

export interface RollUpUsageDeps {
  readonly database: Database;
  readonly keep: Retention;
}

/** Rolls hours older than `hourlyDays` up into days, and deletes expired rows. Each run is bounded. */
export function rollUpUsage({ database, keep: { hourlyDays, dailyDays, sessionDays } }: RollUpUsageDeps) {
  const parts: OldRows[] = [
    { what: 'roll up hours', rows: HOURS, act: rollUp, values: [hourlyDays] },
    { what: 'delete days', rows: DAYS, act: deleteFrom('usage_metrics'), values: [dailyDays] },
    { what: 'delete sessions', rows: SESSIONS, act: deleteFrom('sessions'), values: [sessionDays] },
    { what: 'forget last connections', rows: LAST_CONNECTED, act: forgetLastConnected },
    { what: 'delete events', rows: EVENTS, act: deleteFrom('webhook_events') },
    {
      what: 'delete periods',
      ...rowsOf('usage_periods', SUBJECT, "starts_at < now() - interval '63 days'"),
    },
    {
      what: 'delete warnings',
      ...rowsOf('usage_warnings', SUBJECT, "created_at < now() - interval '63 days'"),
    },
    { what: 'delete readings', rows: LIVES, act: deleteFrom('meter_readings') },
  ];
  return {
    name: 'roll up usage',
    everyMs: EVERY_MS,
    run: async (items: Items) => ({ rows: await workThroughAll(database, parts, items) }),
  } satisfies Job;
}
