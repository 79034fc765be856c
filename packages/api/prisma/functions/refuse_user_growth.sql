-- A user has at most as many devices as their limit says, and none while they are not active. The limit may be the tenant's, which
-- a check cannot see. A registration under way when the state changes waits for the user's row and then meets this.
CREATE OR REPLACE FUNCTION "refuse_user_growth"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  most integer;
BEGIN
  IF NEW."state" <> 'active' THEN
    RAISE EXCEPTION 'user % is %', NEW."id", NEW."state"
      USING ERRCODE = 'check_violation', TABLE = 'tenant_users', CONSTRAINT = 'tenant_users_growth';
  END IF;
  SELECT "user_limit"(NEW."device_limit", NEW."operator_device_limit", t."user_device_limit") INTO most FROM "tenants" t WHERE t."id" = NEW."tenant_id";
  IF NEW."device_count" > most THEN
    RAISE EXCEPTION 'user % has as many devices as they may have', NEW."id"
      USING ERRCODE = 'check_violation', TABLE = 'tenant_users', CONSTRAINT = 'tenant_users_device_limit';
  END IF;
  RETURN NEW;
END
$$;
