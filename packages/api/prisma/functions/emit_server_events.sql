-- Tells every tenant that has devices on a VPN server about a change of the server's state.
CREATE OR REPLACE FUNCTION "emit_server_events"() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE OR REPLACE TRIGGER "servers_emit" AFTER UPDATE OF "state", "unreachable_since" ON "servers" FOR EACH ROW
  WHEN (NEW."state" <> OLD."state" OR (NEW."unreachable_since" IS NULL) <> (OLD."unreachable_since" IS NULL))
  EXECUTE FUNCTION "emit_server_events"();
