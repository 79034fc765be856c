-- Refuses one more open session where the user or the tenant has as many as their limit allows. It locks the row that holds the
-- limit, then counts what was committed until then: of many at once, exactly those that fit pass. It costs nothing where no
-- limit is set, and reads no more rows than the limit where one is.
CREATE OR REPLACE FUNCTION "check_session_limits"("of_tenant" UUID, "of_user" UUID, "of_device" UUID) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  most_of_user integer;
  most_of_tenant integer;
BEGIN
  -- The session that the device has open already is answered, not counted.
  IF EXISTS (SELECT FROM "sessions" WHERE "device_id" = of_device AND "state" = 'ACTIVE') THEN
    RETURN true;
  END IF;
  SELECT "user_limit"(u."session_limit", u."operator_session_limit", t."user_session_limit"), t."session_limit" INTO most_of_user, most_of_tenant
  FROM "tenant_users" u JOIN "tenants" t ON t."id" = u."tenant_id"
  WHERE u."tenant_id" = of_tenant AND u."id" = of_user;
  IF most_of_user IS NOT NULL THEN
    PERFORM FROM "tenant_users" WHERE "tenant_id" = of_tenant AND "id" = of_user FOR NO KEY UPDATE;
    IF (
      SELECT count(*) FROM (
        SELECT FROM "sessions" s JOIN "devices" d ON d."tenant_id" = s."tenant_id" AND d."id" = s."device_id"
        WHERE d."tenant_id" = of_tenant AND d."user_id" = of_user AND s."state" = 'ACTIVE' LIMIT most_of_user
      ) AS open
    ) >= most_of_user THEN
      RAISE EXCEPTION 'user % has as many sessions as they may have', of_user
        USING ERRCODE = 'check_violation', TABLE = 'sessions', CONSTRAINT = 'sessions_user_limit';
    END IF;
  END IF;
  IF most_of_tenant IS NOT NULL THEN
    PERFORM FROM "tenants" WHERE "id" = of_tenant FOR NO KEY UPDATE;
    IF (
      SELECT count(*) FROM (
        SELECT FROM "sessions" s WHERE s."tenant_id" = of_tenant AND s."state" = 'ACTIVE' LIMIT most_of_tenant
      ) AS open
    ) >= most_of_tenant THEN
      RAISE EXCEPTION 'tenant % has as many sessions as it may have', of_tenant
        USING ERRCODE = 'check_violation', TABLE = 'sessions', CONSTRAINT = 'sessions_tenant_limit';
    END IF;
  END IF;
  RETURN true;
END
$$;
