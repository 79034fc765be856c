import type { RetentionStore } from '@cvault/core';
import type { Database } from '../database.ts';

/** Rows that are moved or deleted in one statement, so that none holds its locks for long. */
const PART_ROWS = 10_000;

/**
 * Hours become days by being deleted and added in one statement: interrupted, it did not happen; done again, there is
 * nothing left to do; done by several processes at once, each takes other rows.
 */
const ROLL_UP = `
WITH old AS (
  SELECT tenant_id, device_id, starts_at, span, server_id FROM usage_metrics
  WHERE span = 'hour' AND starts_at < date_trunc('day', now(), 'UTC') - $1 * interval '1 day'
  ORDER BY starts_at LIMIT $2 FOR UPDATE SKIP LOCKED
), hours AS (
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

/** Tenants one by one, each by its index: how long each keeps its own is its own. In no-log mode, nothing is kept. */
const PURGE_DAYS = `
DELETE FROM usage_metrics WHERE ctid = ANY (ARRAY(
  SELECT old.ctid FROM tenants t CROSS JOIN LATERAL (
    SELECT ctid FROM usage_metrics
    WHERE tenant_id = t.id AND (t.no_log OR span = 'day')
      AND (t.no_log OR starts_at < now() - coalesce(t.usage_days, $1) * interval '1 day')
    ORDER BY starts_at LIMIT $2 FOR UPDATE SKIP LOCKED
  ) AS old LIMIT $2))`;

const PURGE_SESSIONS = `
DELETE FROM sessions WHERE ctid = ANY (ARRAY(
  SELECT old.ctid FROM tenants t CROSS JOIN LATERAL (
    SELECT ctid FROM sessions
    WHERE tenant_id = t.id AND state = 'CLOSED'
      AND closed_at < now() - CASE WHEN t.no_log THEN 0 ELSE coalesce(t.session_days, $1) END * interval '1 day'
    ORDER BY closed_at LIMIT $2 FOR UPDATE SKIP LOCKED
  ) AS old LIMIT $2))`;

/** In no-log mode, when a device was last there is known while its session is open: metering closes sessions by it. */
const FORGET_LAST_CONNECTED = `
UPDATE devices SET last_connected_at = NULL WHERE id = ANY (ARRAY(
  SELECT d.id FROM devices d JOIN tenants t ON t.id = d.tenant_id
  WHERE t.no_log AND d.last_connected_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM sessions s WHERE s.device_id = d.id AND s.state = 'ACTIVE')
  ORDER BY d.id LIMIT $1 FOR UPDATE OF d SKIP LOCKED))`;

/** Deliveries and their log go with the event. Whatever still waits is older than anything that is tried. */
const PURGE_EVENTS = `
DELETE FROM webhook_events WHERE ctid = ANY (ARRAY(
  SELECT old.ctid FROM tenants t CROSS JOIN LATERAL (
    SELECT ctid FROM webhook_events
    WHERE tenant_id = t.id AND created_at < now() - t.delivery_log_days * interval '1 day'
    ORDER BY created_at LIMIT $1
  ) AS old LIMIT $1))`;

/** Periods before the last one, and their warnings: nobody asks for them. */
const PURGE_PERIODS = `
DELETE FROM usage_periods WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM usage_periods WHERE starts_at < now() - interval '63 days' LIMIT $1 FOR UPDATE SKIP LOCKED))`;
const PURGE_WARNINGS = `
DELETE FROM usage_warnings WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM usage_warnings WHERE created_at < now() - interval '63 days' LIMIT $1 FOR UPDATE SKIP LOCKED))`;

/**
 * Counts of lives that are over. Not on the day: a reading of them may be under way. Those of the life that goes on stay,
 * of deleted devices too, because without them the next reading would count from 0.
 */
const PURGE_LIVES = `
DELETE FROM meter_readings WHERE ctid = ANY (ARRAY(
  SELECT m.ctid FROM meter_readings m LEFT JOIN meter_passes p ON p.server_id = m.server_id
  WHERE m.read_at < now() - interval '1 day' AND m.life IS DISTINCT FROM p.life
  LIMIT $1 FOR UPDATE OF m SKIP LOCKED))`;

export function createRetentionStore({ pool }: Database): RetentionStore {
  return {
    async clean({ hourlyDays, dailyDays, sessionDays }, items) {
      const parts: [what: string, sql: string, ...values: number[]][] = [
        ['roll up hours', ROLL_UP, hourlyDays],
        ['delete days', PURGE_DAYS, dailyDays],
        ['delete sessions', PURGE_SESSIONS, sessionDays],
        ['forget last connections', FORGET_LAST_CONNECTED],
        ['delete events', PURGE_EVENTS],
        ['delete periods', PURGE_PERIODS],
        ['delete warnings', PURGE_WARNINGS],
        ['delete readings', PURGE_LIVES],
      ];
      let done = true;
      for (const [what, sql, ...values] of parts) {
        const part = await items.attempt(what, () => pool.query(sql, [...values, PART_ROWS]));
        if ((part?.rowCount ?? 0) >= PART_ROWS) done = false;
      }
      return { done };
    },
  };
}
