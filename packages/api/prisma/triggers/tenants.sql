CREATE OR REPLACE TRIGGER "tenants_growth" BEFORE UPDATE OF "device_count" ON "tenants" FOR EACH ROW
  WHEN (NEW."device_count" > OLD."device_count" AND NEW."state" <> 'active')
  EXECUTE FUNCTION "refuse_tenant_growth"();

SELECT "keep_audit"('tenants', 'tenant', 'device_count');
