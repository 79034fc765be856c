-- In no-log mode a session is deleted when it closes, and no event is written: waiting deliveries would be a history.
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
      'mode', (SELECT "mode" FROM "devices" WHERE "tenant_id" = NEW."tenant_id" AND "id" = NEW."device_id"),
      'openedBy', NEW."opened_by", 'closedReason', NEW."closed_reason"
    )));
  RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER "sessions_emit_insert" AFTER INSERT ON "sessions" FOR EACH ROW EXECUTE FUNCTION "emit_session_events"();

CREATE OR REPLACE TRIGGER "sessions_emit_update" AFTER UPDATE ON "sessions" FOR EACH ROW
  WHEN (NEW."state" <> OLD."state") EXECUTE FUNCTION "emit_session_events"();
