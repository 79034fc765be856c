-- What is stored about people: how long each tenant keeps it, a mode that keeps no history, and erasure.

ALTER TABLE "tenants"
  ADD COLUMN "no_log" BOOLEAN NOT NULL DEFAULT false,
  ADD COLUMN "session_days" INTEGER,
  ADD COLUMN "usage_days" INTEGER,
  ADD COLUMN "delivery_log_days" INTEGER NOT NULL DEFAULT 30,
  ADD CONSTRAINT "tenants_session_days" CHECK ("session_days" BETWEEN 1 AND 3650),
  -- Data limits are counted over a month.
  ADD CONSTRAINT "tenants_usage_days" CHECK ("usage_days" BETWEEN 62 AND 3650),
  -- Longer than a message is tried to be sent.
  ADD CONSTRAINT "tenants_delivery_log_days" CHECK ("delivery_log_days" BETWEEN 4 AND 365);

ALTER TABLE "tenant_users" ADD COLUMN "erase_requested_at" TIMESTAMPTZ(3);
CREATE INDEX "tenant_users_erased" ON "tenant_users" ("id") WHERE "erase_requested_at" IS NOT NULL;

DROP INDEX "sessions_closed_at";
CREATE INDEX "sessions_closed_of_tenant" ON "sessions" ("tenant_id", "closed_at") WHERE "state" = 'CLOSED';
CREATE INDEX "webhook_events_tenant_id_created_at_idx" ON "webhook_events"("tenant_id", "created_at");

-- In no-log mode a session is gone when it is closed, and nobody is told of it: what waits to be sent would be a history.
CREATE OR REPLACE FUNCTION "emit_session_events"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM "tenants" WHERE "id" = NEW."tenant_id" AND "no_log") THEN
    IF NEW."state" = 'CLOSED' THEN
      DELETE FROM "sessions" WHERE "tenant_id" = NEW."tenant_id" AND "id" = NEW."id";
    END IF;
    RETURN NULL;
  END IF;
  IF NOT EXISTS (SELECT FROM "webhook_endpoints" WHERE "tenant_id" = NEW."tenant_id" AND "disabled_at" IS NULL) THEN
    RETURN NULL;
  END IF;
  PERFORM "emit_event"(NEW."tenant_id", NEW."user_id", CASE NEW."state" WHEN 'ACTIVE' THEN 'session.opened' ELSE 'session.closed' END,
    jsonb_strip_nulls(jsonb_build_object(
      'sessionId', NEW."id", 'deviceId', NEW."device_id", 'userId', NEW."user_id", 'serverId', NEW."server_id",
      'openedBy', NEW."opened_by", 'closedReason', NEW."closed_reason"
    )));
  RETURN NULL;
END
$$;

-- Whoever closes a session deletes it, in no-log mode.
GRANT DELETE ON "sessions" TO "cvault_api", "cvault_links", "cvault_operator", "cvault_jobs";
-- What is forgotten with time.
GRANT SELECT, DELETE ON "webhook_events" TO "cvault_metering";
-- An export reads all that there is about a user, within row-level security.
GRANT SELECT ON "usage_periods", "usage_warnings", "meter_readings", "outbox", "departures", "plan_changes" TO "cvault_api";
-- An erasure is asked for by the one and done by the other.
GRANT UPDATE ("erase_requested_at") ON "tenant_users" TO "cvault_api";
GRANT DELETE ON "webhook_events", "usage_periods", "usage_warnings", "usage_metrics", "meter_readings" TO "cvault_jobs";
GRANT SELECT ON "usage_periods", "usage_warnings", "usage_metrics", "meter_readings" TO "cvault_jobs";
