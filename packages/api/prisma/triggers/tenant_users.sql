CREATE OR REPLACE TRIGGER "tenant_users_growth" BEFORE UPDATE OF "device_count" ON "tenant_users" FOR EACH ROW
  WHEN (NEW."device_count" > OLD."device_count")
  EXECUTE FUNCTION "refuse_user_growth"();

SELECT "keep_audit"('tenant_users', 'user', 'device_count', 'credentials_epoch');
