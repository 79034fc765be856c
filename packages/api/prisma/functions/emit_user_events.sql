-- A user that is being deleted has its event when it is gone.
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

CREATE OR REPLACE TRIGGER "tenant_users_emit_insert_delete" AFTER INSERT OR DELETE ON "tenant_users" FOR EACH ROW
  EXECUTE FUNCTION "emit_user_events"();

CREATE OR REPLACE TRIGGER "tenant_users_emit_update" AFTER UPDATE ON "tenant_users" FOR EACH ROW
  WHEN (NEW."state" <> OLD."state" AND NEW."state" <> 'deleting') EXECUTE FUNCTION "emit_user_events"();
