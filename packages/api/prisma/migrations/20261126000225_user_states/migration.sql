-- A user that is being deleted is as good as gone; the row waits for VPN servers to acknowledge the removal of its devices.
ALTER TYPE "user_state" ADD VALUE 'deleting';

-- A user that is not active takes no new device, as with tenants: a registration that was under way when the state changed
-- waits for the user's row and then meets this.
CREATE OR REPLACE FUNCTION "refuse_user_growth"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  most integer;
BEGIN
  IF NEW."state" <> 'active' THEN
    RAISE EXCEPTION 'user % is %', NEW."id", NEW."state"
      USING ERRCODE = 'check_violation', TABLE = 'tenant_users', CONSTRAINT = 'tenant_users_growth';
  END IF;
  SELECT coalesce(NEW."device_limit", t."user_device_limit") INTO most FROM "tenants" t WHERE t."id" = NEW."tenant_id";
  IF NEW."device_count" > most THEN
    RAISE EXCEPTION 'user % has as many devices as they may have', NEW."id"
      USING ERRCODE = 'check_violation', TABLE = 'tenant_users', CONSTRAINT = 'tenant_users_device_limit';
  END IF;
  RETURN NEW;
END
$$;
