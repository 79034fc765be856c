-- Tells the tenant's other endpoints that CVault gave one up.
CREATE OR REPLACE FUNCTION "emit_endpoint_events"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM "emit_event"(NEW."tenant_id", NULL, 'webhook_endpoint.disabled',
    jsonb_build_object('endpointId', NEW."id", 'reason', NEW."disabled_reason"));
  RETURN NULL;
END
$$;
