-- A tenant that is suspended or being deleted takes no new device. A registration under way when the state changes waits for the
-- tenant's row and then meets this. A check cannot compare the old row with the new one; the trigger runs only where it refuses.
CREATE OR REPLACE FUNCTION "refuse_tenant_growth"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'tenant % is %', NEW."id", NEW."state"
    USING ERRCODE = 'check_violation', TABLE = 'tenants', CONSTRAINT = 'tenants_growth';
END
$$;
