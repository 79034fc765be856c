-- A session ends with whatever takes its device off its VPN server. A statement that waited for the device's lock does not see
-- a session that was opened meanwhile; what a trigger does afterwards does.
ALTER TYPE "session_end" ADD VALUE 'moved' AFTER 'silence';

CREATE FUNCTION "end_sessions"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE "sessions" SET "state" = 'CLOSED', "closed_at" = now(),
    "closed_reason" = (CASE NEW."state" WHEN 'live' THEN 'moved' ELSE 'revoked' END)::"session_end"
  WHERE "tenant_id" = NEW."tenant_id" AND "device_id" = NEW."id" AND "state" = 'ACTIVE';
  RETURN NULL;
END
$$;

CREATE TRIGGER "devices_end_sessions" AFTER UPDATE OF "state", "server_id" ON "devices" FOR EACH ROW
  WHEN (OLD."state" = 'live' AND NEW."state" <> 'live' OR OLD."server_id" <> NEW."server_id")
  EXECUTE FUNCTION "end_sessions"();
