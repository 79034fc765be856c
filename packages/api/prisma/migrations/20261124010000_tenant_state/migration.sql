-- A tenant that is suspended or being deleted takes no new device. A registration that was under way when its state
-- changed waits for the tenant's row and then meets this. Only a trigger can compare the old row with the new one; it is
-- called only where it refuses, so other updates do not pay for it.
CREATE FUNCTION "refuse_tenant_growth"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'tenant % is %', NEW."id", NEW."state"
    USING ERRCODE = 'check_violation', TABLE = 'tenants', CONSTRAINT = 'tenants_growth';
END
$$;

CREATE TRIGGER "tenants_growth" BEFORE UPDATE OF "device_count" ON "tenants" FOR EACH ROW
  WHEN (NEW."device_count" > OLD."device_count" AND NEW."state" <> 'active')
  EXECUTE FUNCTION "refuse_tenant_growth"();
