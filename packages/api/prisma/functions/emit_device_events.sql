-- A row trigger: where its WHEN does not hold it costs next to nothing. A statement trigger pays for every changed row, and
-- metering touches a thousand devices in one statement without an event. An event holds the device's ids and state: no key, no address.
CREATE OR REPLACE FUNCTION "emit_device_events"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  content jsonb;
  key_expires_at timestamptz;
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
  IF NEW."key_expiry_told_days" IS NOT NULL AND NEW."key_expiry_told_days" IS DISTINCT FROM OLD."key_expiry_told_days" THEN
    SELECT NEW."key_changed_at" + "key_lifetime_days" * interval '1 day' INTO key_expires_at
    FROM "tenants" WHERE "id" = NEW."tenant_id";
    PERFORM "emit_event"(NEW."tenant_id", NEW."user_id", 'device.key_expiring', content || jsonb_build_object(
      'keyExpiresAt', to_char(key_expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'daysLeft', ceil(extract(epoch FROM key_expires_at - now()) / 86400)::int));
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

CREATE OR REPLACE TRIGGER "devices_emit_insert" AFTER INSERT ON "devices" FOR EACH ROW EXECUTE FUNCTION "emit_device_events"();

CREATE OR REPLACE TRIGGER "devices_emit_update" AFTER UPDATE ON "devices" FOR EACH ROW
  WHEN (NEW."state" <> OLD."state" OR NEW."server_id" <> OLD."server_id" OR NEW."public_key" <> OLD."public_key"
    OR OLD."applied_generation" = 0 AND NEW."applied_generation" > 0
    OR NEW."key_expiry_told_days" IS NOT NULL AND NEW."key_expiry_told_days" IS DISTINCT FROM OLD."key_expiry_told_days")
  EXECUTE FUNCTION "emit_device_events"();
