-- Closes the sessions of a device that left its VPN server. A statement that changes a device cannot see a session that was
-- opened meanwhile; a trigger that runs afterwards does.
CREATE OR REPLACE FUNCTION "end_sessions"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE "sessions" SET "state" = 'CLOSED', "closed_at" = now(),
    "closed_reason" = (CASE NEW."state" WHEN 'live' THEN 'moved' ELSE 'revoked' END)::"session_end"
  WHERE "tenant_id" = NEW."tenant_id" AND "device_id" = NEW."id" AND "state" = 'ACTIVE';
  RETURN NULL;
END
$$;
