-- Tells the tenant's other endpoints that CVault gave one up.
CREATE OR REPLACE FUNCTION "emit_endpoint_events"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM "emit_event"(NEW."tenant_id", NULL, 'webhook_endpoint.disabled',
    jsonb_build_object('endpointId', NEW."id", 'reason', NEW."disabled_reason"));
  RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER "webhook_endpoints_emit" AFTER UPDATE ON "webhook_endpoints" FOR EACH ROW
  WHEN (OLD."disabled_at" IS NULL AND NEW."disabled_at" IS NOT NULL AND NEW."disabled_reason" <> 'manual')
  EXECUTE FUNCTION "emit_endpoint_events"();
