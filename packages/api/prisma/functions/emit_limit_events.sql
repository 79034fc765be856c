-- Tells the tenant that a user or the tenant reached a share of its data limit.
CREATE OR REPLACE FUNCTION "emit_limit_events"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM "webhook_endpoints" WHERE "tenant_id" = NEW."tenant_id" AND "disabled_at" IS NULL) THEN
    RETURN NULL;
  END IF;
  PERFORM "emit_event"(NEW."tenant_id", nullif(NEW."subject_id", NEW."tenant_id"),
    CASE WHEN NEW."percent" < 100 THEN 'limit.data_warning' ELSE 'limit.data_reached' END,
    jsonb_build_object('userId', nullif(NEW."subject_id", NEW."tenant_id"), 'percent', NEW."percent",
      'usedBytes', NEW."used_bytes", 'limitBytes', NEW."limit_bytes", 'periodStartsAt', to_char(NEW."starts_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')));
  RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER "usage_warnings_emit" AFTER INSERT ON "usage_warnings" FOR EACH ROW EXECUTE FUNCTION "emit_limit_events"();

-- A limit that is raised and reached again in the same period makes another event.
CREATE OR REPLACE TRIGGER "usage_warnings_emit_again" AFTER UPDATE OF "limit_bytes" ON "usage_warnings" FOR EACH ROW
  WHEN (NEW."limit_bytes" > OLD."limit_bytes") EXECUTE FUNCTION "emit_limit_events"();
