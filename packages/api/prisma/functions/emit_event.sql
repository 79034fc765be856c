-- Writes an event, and a delivery for each endpoint that subscribed to it. Without such an endpoint it writes nothing.
CREATE OR REPLACE FUNCTION "emit_event"("of_tenant" UUID, "of_user" UUID, "event" TEXT, "content" JSONB) RETURNS void LANGUAGE sql VOLATILE AS $$
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
