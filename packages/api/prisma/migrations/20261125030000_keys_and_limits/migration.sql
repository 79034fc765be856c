-- Keys that change and limits that hold.

-- A device has two keys while one takes the place of the other.
DROP INDEX "public_keys_device_id_key";
CREATE INDEX "public_keys_device_id_idx" ON "public_keys" ("device_id");

-- Who gave an address back, and when: what one tenant may have resting at once is bounded.
ALTER TABLE "ip_pool"
  ADD COLUMN "freed_by" UUID,
  ADD COLUMN "freed_at" TIMESTAMPTZ(3);
CREATE INDEX "ip_pool_resting" ON "ip_pool" ("freed_by", "freed_at") WHERE "state" IN ('draining', 'quarantine');

-- What the periodic work on keys and expiry looks for.
CREATE INDEX "devices_overlap" ON "devices" ("overlap_until") WHERE "overlap_until" IS NOT NULL;
CREATE INDEX "devices_expiry" ON "devices" ("expires_at") WHERE "expires_at" IS NOT NULL AND "state" IN ('live', 'suspended');
CREATE INDEX "devices_key_age" ON "devices" ("tenant_id", "key_changed_at") WHERE "state" IN ('live', 'suspended') AND "holds" & 32 = 0;
CREATE INDEX "devices_held_for_key" ON "devices" ("tenant_id", "key_changed_at") WHERE "state" = 'suspended' AND "holds" & 32 <> 0;

-- A change of a plan that VPN servers have to hear of, and how far it has come: `after_device` is the last device, in the
-- order of their ids, that has its new generation.
CREATE TABLE "plan_changes" (
    "id" BIGSERIAL NOT NULL,
    "tenant_id" UUID NOT NULL,
    "user_id" UUID,
    "after_device" UUID NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',

    CONSTRAINT "plan_changes_pkey" PRIMARY KEY ("id")
);

ALTER TABLE "plan_changes" ADD CONSTRAINT "plan_changes_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- As tenants_device_limit, for each user. The limit may be the tenant's, which a check cannot see.
CREATE FUNCTION "refuse_user_growth"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  most integer;
BEGIN
  SELECT coalesce(NEW."device_limit", t."user_device_limit") INTO most FROM "tenants" t WHERE t."id" = NEW."tenant_id";
  IF NEW."device_count" > most THEN
    RAISE EXCEPTION 'user % has as many devices as they may have', NEW."id"
      USING ERRCODE = 'check_violation', TABLE = 'tenant_users', CONSTRAINT = 'tenant_users_device_limit';
  END IF;
  RETURN NEW;
END
$$;

CREATE TRIGGER "tenant_users_growth" BEFORE UPDATE OF "device_count" ON "tenant_users" FOR EACH ROW
  WHEN (NEW."device_count" > OLD."device_count")
  EXECUTE FUNCTION "refuse_user_growth"();

-- Refuses one more open session where the user or the tenant has as many as they may have. The row of whom the limit is
-- of is locked first, and each count sees what was committed until then, so of many at once exactly those that fit
-- pass. It costs nothing where no limit is set, and reads no more rows than the limit where one is.
CREATE FUNCTION "check_session_limits"("of_tenant" UUID, "of_user" UUID, "of_device" UUID) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  most_of_user integer;
  most_of_tenant integer;
BEGIN
  -- The session that the device has open already is answered, not counted.
  IF EXISTS (SELECT FROM "sessions" WHERE "device_id" = of_device AND "state" = 'ACTIVE') THEN
    RETURN true;
  END IF;
  SELECT coalesce(u."session_limit", t."user_session_limit"), t."session_limit" INTO most_of_user, most_of_tenant
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

CREATE INDEX "sessions_active_of_tenant" ON "sessions" ("tenant_id") WHERE "state" = 'ACTIVE';
