-- Webhooks: endpoints, the events that they are told, and how far each has got.

CREATE TYPE "webhook_delivery_state" AS ENUM ('pending', 'delivered', 'failed');
CREATE TYPE "webhook_disabled_reason" AS ENUM ('manual', 'gone', 'failing');

CREATE TABLE "webhook_endpoints" (
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "url" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "events" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "secret" BYTEA NOT NULL,
    "previous_secret" BYTEA,
    "previous_secret_until" TIMESTAMPTZ(3),
    "disabled_reason" "webhook_disabled_reason",
    "disabled_at" TIMESTAMPTZ(3),
    "failing_since" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "webhook_endpoints_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "webhook_events" (
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "user_id" UUID,
    "type" TEXT NOT NULL,
    "data" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "webhook_events_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "webhook_deliveries" (
    "tenant_id" UUID NOT NULL,
    "endpoint_id" UUID NOT NULL,
    "event_id" UUID NOT NULL,
    "state" "webhook_delivery_state" NOT NULL DEFAULT 'pending',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "due_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "webhook_deliveries_pkey" PRIMARY KEY ("tenant_id","endpoint_id","event_id")
);

CREATE TABLE "webhook_attempts" (
    "id" BIGSERIAL NOT NULL,
    "tenant_id" UUID NOT NULL,
    "endpoint_id" UUID NOT NULL,
    "event_id" UUID NOT NULL,
    "status" INTEGER,
    "fault" TEXT,
    "duration_ms" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "webhook_attempts_pkey" PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX "webhook_endpoints_tenant_id_id_key" ON "webhook_endpoints"("tenant_id", "id");
CREATE UNIQUE INDEX "webhook_events_tenant_id_id_key" ON "webhook_events"("tenant_id", "id");
CREATE INDEX "webhook_events_tenant_id_user_id_idx" ON "webhook_events"("tenant_id", "user_id");
CREATE INDEX "webhook_deliveries_tenant_id_event_id_idx" ON "webhook_deliveries"("tenant_id", "event_id");
CREATE INDEX "webhook_attempts_tenant_id_endpoint_id_event_id_idx" ON "webhook_attempts"("tenant_id", "endpoint_id", "event_id");

ALTER TABLE "webhook_endpoints" ADD CONSTRAINT "webhook_endpoints_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "webhook_events" ADD CONSTRAINT "webhook_events_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_tenant_id_endpoint_id_fkey" FOREIGN KEY ("tenant_id", "endpoint_id") REFERENCES "webhook_endpoints"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_tenant_id_event_id_fkey" FOREIGN KEY ("tenant_id", "event_id") REFERENCES "webhook_events"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "webhook_attempts" ADD CONSTRAINT "webhook_attempts_tenant_id_endpoint_id_event_id_fkey" FOREIGN KEY ("tenant_id", "endpoint_id", "event_id") REFERENCES "webhook_deliveries"("tenant_id", "endpoint_id", "event_id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "webhook_endpoints"
  ADD CONSTRAINT "webhook_endpoints_disabled" CHECK (("disabled_reason" IS NULL) = ("disabled_at" IS NULL)),
  ADD CONSTRAINT "webhook_endpoints_overlap" CHECK (("previous_secret" IS NULL) = ("previous_secret_until" IS NULL));

-- The one look that a change costs whose tenant wants no webhooks.
CREATE INDEX "webhook_endpoints_enabled" ON "webhook_endpoints" ("tenant_id") WHERE "disabled_at" IS NULL;
-- What a replica takes next, endpoint by endpoint; what is done with is not in it.
CREATE INDEX "webhook_deliveries_due" ON "webhook_deliveries" ("endpoint_id", "due_at") WHERE "state" = 'pending';

-- Events -------------------------------------------------------------------------------------------------------------

-- UUID version 7, so that events lie in the order of their making. PostgreSQL has a function for it only from 18 on.
CREATE FUNCTION "new_event_id"() RETURNS uuid LANGUAGE sql VOLATILE AS $$
  SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING
    substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid
$$;

-- Writes an event, and a delivery for each endpoint that wants to hear of it; nothing where there is none.
CREATE FUNCTION "emit_event"("of_tenant" UUID, "of_user" UUID, "event" TEXT, "content" JSONB) RETURNS void LANGUAGE sql VOLATILE AS $$
  WITH wanting AS (
    SELECT "id" FROM "webhook_endpoints"
    WHERE "tenant_id" = of_tenant AND "disabled_at" IS NULL AND ("events" = '{}' OR event = ANY ("events"))
  ), written AS (
    INSERT INTO "webhook_events" ("id", "tenant_id", "user_id", "type", "data")
    SELECT "new_event_id"(), of_tenant, of_user, event, content WHERE EXISTS (SELECT FROM wanting)
    RETURNING "id"
  )
  INSERT INTO "webhook_deliveries" ("tenant_id", "endpoint_id", "event_id")
  SELECT of_tenant, wanting."id", written."id" FROM wanting CROSS JOIN written
$$;

-- The names of the bits in devices.holds: core's HOLDS.
CREATE FUNCTION "hold_names"("bits" INTEGER) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(array_agg("name" ORDER BY "bit"), '{}')
  FROM unnest(ARRAY[1, 2, 4, 8, 16, 32], ARRAY['tenant', 'user', 'server', 'data', 'expired', 'key']) AS h ("bit", "name")
  WHERE bits & "bit" <> 0
$$;

-- Row by row, because a trigger whose WHEN does not hold costs next to nothing, and one that is given whole tables of
-- changed rows pays for each of them: metering touches a thousand devices in a statement, and tells nobody.
-- What is told of a device is its ids and its state: no key, no address.
CREATE FUNCTION "emit_device_events"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  content jsonb;
BEGIN
  IF NOT EXISTS (SELECT FROM "webhook_endpoints" WHERE "tenant_id" = NEW."tenant_id" AND "disabled_at" IS NULL) THEN
    RETURN NULL;
  END IF;
  content := jsonb_build_object(
    'deviceId', NEW."id", 'externalId', to_jsonb(NEW) -> 'external_id', 'userId', NEW."user_id",
    'serverId', NEW."server_id", 'state', NEW."state",
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

CREATE TRIGGER "devices_emit_insert" AFTER INSERT ON "devices" FOR EACH ROW EXECUTE FUNCTION "emit_device_events"();
CREATE TRIGGER "devices_emit_update" AFTER UPDATE ON "devices" FOR EACH ROW
  WHEN (NEW."state" <> OLD."state" OR NEW."server_id" <> OLD."server_id" OR NEW."public_key" <> OLD."public_key"
    OR OLD."applied_generation" = 0 AND NEW."applied_generation" > 0)
  EXECUTE FUNCTION "emit_device_events"();

CREATE FUNCTION "emit_session_events"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
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

CREATE TRIGGER "sessions_emit_insert" AFTER INSERT ON "sessions" FOR EACH ROW EXECUTE FUNCTION "emit_session_events"();
CREATE TRIGGER "sessions_emit_update" AFTER UPDATE ON "sessions" FOR EACH ROW
  WHEN (NEW."state" <> OLD."state") EXECUTE FUNCTION "emit_session_events"();

CREATE FUNCTION "emit_user_events"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  subject "tenant_users" := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
  IF NOT EXISTS (SELECT FROM "webhook_endpoints" WHERE "tenant_id" = subject."tenant_id" AND "disabled_at" IS NULL) THEN
    RETURN NULL;
  END IF;
  PERFORM "emit_event"(subject."tenant_id", subject."id", CASE
      WHEN TG_OP = 'INSERT' THEN 'user.created' WHEN TG_OP = 'DELETE' THEN 'user.deleted'
      WHEN subject."state" = 'active' THEN 'user.resumed' ELSE 'user.suspended' END,
    jsonb_build_object('userId', subject."id", 'externalId', to_jsonb(subject) -> 'external_id', 'state', subject."state"));
  RETURN NULL;
END
$$;

CREATE TRIGGER "tenant_users_emit_insert_delete" AFTER INSERT OR DELETE ON "tenant_users" FOR EACH ROW
  EXECUTE FUNCTION "emit_user_events"();
CREATE TRIGGER "tenant_users_emit_update" AFTER UPDATE ON "tenant_users" FOR EACH ROW
  WHEN (NEW."state" <> OLD."state") EXECUTE FUNCTION "emit_user_events"();

CREATE FUNCTION "emit_limit_events"() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE TRIGGER "usage_warnings_emit" AFTER INSERT ON "usage_warnings" FOR EACH ROW EXECUTE FUNCTION "emit_limit_events"();

-- The tenant's other endpoints hear of one that was given up.
CREATE FUNCTION "emit_endpoint_events"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM "emit_event"(NEW."tenant_id", NULL, 'webhook_endpoint.disabled',
    jsonb_build_object('endpointId', NEW."id", 'reason', NEW."disabled_reason"));
  RETURN NULL;
END
$$;

CREATE TRIGGER "webhook_endpoints_emit" AFTER UPDATE ON "webhook_endpoints" FOR EACH ROW
  WHEN (OLD."disabled_at" IS NULL AND NEW."disabled_at" IS NOT NULL AND NEW."disabled_reason" <> 'manual')
  EXECUTE FUNCTION "emit_endpoint_events"();
