CREATE OR REPLACE TRIGGER "tenant_users_growth" BEFORE UPDATE OF "device_count" ON "tenant_users" FOR EACH ROW
  WHEN (NEW."device_count" > OLD."device_count")
  EXECUTE FUNCTION "refuse_user_growth"();

CREATE OR REPLACE TRIGGER "tenant_users_emit_insert_delete" AFTER INSERT OR DELETE ON "tenant_users" FOR EACH ROW
  EXECUTE FUNCTION "emit_user_events"();

CREATE OR REPLACE TRIGGER "tenant_users_emit_update" AFTER UPDATE ON "tenant_users" FOR EACH ROW
  WHEN (NEW."state" <> OLD."state" AND NEW."state" <> 'deleting') EXECUTE FUNCTION "emit_user_events"();

SELECT "keep_audit"('tenant_users', 'user', 'device_count', 'credentials_epoch');
