-- What happens to a VPN server is told to the tenants that have devices on it; and events say of which mode their subject is.

ALTER TABLE "servers" ADD COLUMN "unreachable_since" TIMESTAMPTZ(3);
SELECT "keep_audit"('servers', 'server', 'epoch', 'last_contact_at', 'look_after', 'drift_found', 'drift_found_at', 'addresses', 'free_addresses', 'unreachable_since');

CREATE FUNCTION "emit_server_events"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  event text := CASE
    WHEN NEW."state" = OLD."state" THEN CASE WHEN NEW."unreachable_since" IS NULL THEN 'server.recovered' ELSE 'server.unreachable' END
    WHEN NEW."state" = 'active' THEN 'server.enabled'
    WHEN NEW."state" = 'draining' THEN 'server.draining'
    WHEN NEW."state" = 'disabled' THEN 'server.disabled' END;
BEGIN
  PERFORM "emit_event"(d."tenant_id", NULL, event,
    jsonb_build_object('serverId', NEW."id", 'name', NEW."name", 'region', NEW."region", 'mode', NEW."mode"))
  FROM (SELECT DISTINCT "tenant_id" FROM "devices" WHERE "server_id" = NEW."id" AND "state" IN ('live', 'suspended')) AS d
  WHERE event IS NOT NULL;
  RETURN NULL;
END
$$;

CREATE TRIGGER "servers_emit" AFTER UPDATE OF "state", "unreachable_since" ON "servers" FOR EACH ROW
  WHEN (NEW."state" <> OLD."state" OR (NEW."unreachable_since" IS NULL) <> (OLD."unreachable_since" IS NULL))
  EXECUTE FUNCTION "emit_server_events"();

CREATE OR REPLACE FUNCTION "emit_device_events"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  content jsonb;
BEGIN
  IF NOT EXISTS (SELECT FROM "webhook_endpoints" WHERE "tenant_id" = NEW."tenant_id" AND "disabled_at" IS NULL) THEN
    RETURN NULL;
  END IF;
  content := jsonb_build_object(
    'deviceId', NEW."id", 'externalId', to_jsonb(NEW) -> 'external_id', 'userId', NEW."user_id",
    'serverId', NEW."server_id", 'mode', NEW."mode", 'state', NEW."state",
    'reasons', CASE NEW."state"
      WHEN 'failed' THEN to_jsonb(ARRAY[NEW."failure"])
      WHEN 'suspended' THEN to_jsonb("hold_names"(NEW."holds"))
      ELSE '[]' END
  );
  IF TG_OP = 'INSERT' THEN
    PERFORM "emit_event"(NEW."tenant_id", NEW."user_id", 'device.created', content);
    RETURN NULL;
  END IF;
  IF NEW."server_id" <> OLD."server_id" THEN
    PERFORM "emit_event"(NEW."tenant_id", NEW."user_id", 'device.moved', content || jsonb_build_object('previousServerId', OLD."server_id"));
  END IF;
  IF NEW."public_key" <> OLD."public_key" THEN
    PERFORM "emit_event"(NEW."tenant_id", NEW."user_id", 'device.rotated', content);
  END IF;
  IF NEW."state" <> OLD."state" THEN
    PERFORM "emit_event"(NEW."tenant_id", NEW."user_id", CASE NEW."state"
      WHEN 'live' THEN 'device.resumed' WHEN 'suspended' THEN 'device.suspended'
      WHEN 'failed' THEN 'device.failed' WHEN 'deleted' THEN 'device.deleted' END, content);
  END IF;
  IF OLD."applied_generation" = 0 AND NEW."applied_generation" > 0 AND NEW."state" = 'live' THEN
    PERFORM "emit_event"(NEW."tenant_id", NEW."user_id", 'device.active', content);
  END IF;
  RETURN NULL;
END
$$;

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

CREATE OR REPLACE FUNCTION "emit_user_events"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  subject "tenant_users" := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
  IF (TG_OP = 'UPDATE' AND subject."state"::text = 'deleting') OR NOT EXISTS (
    SELECT FROM "webhook_endpoints" WHERE "tenant_id" = subject."tenant_id" AND "disabled_at" IS NULL
  ) THEN
    RETURN NULL;
  END IF;
  PERFORM "emit_event"(subject."tenant_id", subject."id", CASE
      WHEN TG_OP = 'INSERT' THEN 'user.created' WHEN TG_OP = 'DELETE' THEN 'user.deleted'
      WHEN subject."state" = 'active' THEN 'user.resumed' ELSE 'user.suspended' END,
    jsonb_build_object('userId', subject."id", 'externalId', to_jsonb(subject) -> 'external_id', 'mode', subject."mode", 'state', subject."state"));
  RETURN NULL;
END
$$;
