-- What a tenant gives a user is a share of what it has itself: the least of both holds. What the operator sets for a user takes the
-- place of the tenant's plan, and stands in columns that tenants cannot write.
ALTER TABLE "tenant_users"
  ADD COLUMN "operator_device_limit" INTEGER,
  ADD COLUMN "operator_session_limit" INTEGER,
  ADD COLUMN "operator_data_limit_bytes" BIGINT,
  ADD COLUMN "operator_upload_bits_per_second" BIGINT,
  ADD COLUMN "operator_download_bits_per_second" BIGINT,
  ADD CONSTRAINT "tenant_users_operator_limits" CHECK ("operator_device_limit" >= 0 AND "operator_session_limit" >= 0
    AND "operator_data_limit_bytes" >= 0 AND "operator_upload_bits_per_second" >= 8000
    AND "operator_download_bits_per_second" >= 8000);

-- Nobody wrote down who had set a limit. One above the plan only the operator could give: so it stays in force. Every other one is
-- below the plan today, so nothing changes for it today.
UPDATE "tenant_users" u SET
  "operator_device_limit" = CASE WHEN u."device_limit" > t."user_device_limit" THEN u."device_limit" END,
  "operator_session_limit" = CASE WHEN u."session_limit" > t."user_session_limit" THEN u."session_limit" END,
  "operator_data_limit_bytes" = CASE WHEN u."data_limit_bytes" > t."user_data_limit_bytes" THEN u."data_limit_bytes" END,
  "operator_upload_bits_per_second" = CASE WHEN u."upload_bits_per_second" > t."upload_bits_per_second" THEN u."upload_bits_per_second" END,
  "operator_download_bits_per_second" = CASE WHEN u."download_bits_per_second" > t."download_bits_per_second" THEN u."download_bits_per_second" END
FROM "tenants" t
WHERE t."id" = u."tenant_id" AND (u."device_limit" > t."user_device_limit" OR u."session_limit" > t."user_session_limit"
  OR u."data_limit_bytes" > t."user_data_limit_bytes" OR u."upload_bits_per_second" > t."upload_bits_per_second"
  OR u."download_bits_per_second" > t."download_bits_per_second");

CREATE INDEX "tenant_users_operator_data_limit" ON "tenant_users" ("tenant_id") WHERE "operator_data_limit_bytes" IS NOT NULL;

-- The one rule of what holds for a user: what the tenant gave, within what the operator gave, else within the plan. Null: no limit.
CREATE FUNCTION "user_limit"("given" bigint, "by_operator" bigint, "of_plan" bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN least("given", coalesce("by_operator", "of_plan"));

SELECT "keep_audit"('tenant_users', 'user', 'device_count', 'credentials_epoch');

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
