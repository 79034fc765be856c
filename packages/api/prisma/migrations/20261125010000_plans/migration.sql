-- Plans: what a tenant, its users and their devices may use, and what goes into their configurations.

ALTER TABLE "tenants"
  ADD COLUMN "session_limit" INTEGER,
  ADD COLUMN "user_device_limit" INTEGER,
  ADD COLUMN "user_session_limit" INTEGER,
  ADD COLUMN "data_limit_bytes" BIGINT,
  ADD COLUMN "user_data_limit_bytes" BIGINT,
  ADD COLUMN "data_reset_day" INTEGER NOT NULL DEFAULT 1,
  ADD COLUMN "data_warn_percents" INTEGER[] NOT NULL DEFAULT ARRAY[80, 95],
  ADD COLUMN "upload_bits_per_second" BIGINT,
  ADD COLUMN "download_bits_per_second" BIGINT,
  ADD COLUMN "private_network" BOOLEAN NOT NULL DEFAULT false,
  ADD COLUMN "routes" INET[] NOT NULL DEFAULT ARRAY[]::INET[],
  ADD COLUMN "key_lifetime_days" INTEGER DEFAULT 180,
  ADD COLUMN "key_rotation_days" INTEGER;

ALTER TABLE "tenants"
  ADD CONSTRAINT "tenants_session_limits" CHECK ("session_limit" >= 0 AND "user_session_limit" >= 0),
  ADD CONSTRAINT "tenants_user_device_limit" CHECK ("user_device_limit" >= 0),
  ADD CONSTRAINT "tenants_data" CHECK ("data_limit_bytes" >= 0 AND "user_data_limit_bytes" >= 0),
  -- Every month has these days.
  ADD CONSTRAINT "tenants_data_reset_day" CHECK ("data_reset_day" BETWEEN 1 AND 28),
  ADD CONSTRAINT "tenants_data_warn" CHECK (cardinality("data_warn_percents") <= 8 AND 1 <= ALL ("data_warn_percents")
    AND 100 >= ALL ("data_warn_percents")),
  ADD CONSTRAINT "tenants_speed" CHECK ("upload_bits_per_second" >= 8000 AND "download_bits_per_second" >= 8000),
  ADD CONSTRAINT "tenants_key_days" CHECK ("key_lifetime_days" >= 1 AND "key_rotation_days" >= 1);

ALTER TABLE "tenant_users"
  ADD COLUMN "device_count" INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN "device_limit" INTEGER,
  ADD COLUMN "session_limit" INTEGER,
  ADD COLUMN "data_limit_bytes" BIGINT,
  ADD COLUMN "upload_bits_per_second" BIGINT,
  ADD COLUMN "download_bits_per_second" BIGINT;

UPDATE "tenant_users" u SET "device_count" = (
  SELECT count(*) FROM "devices" d WHERE d."tenant_id" = u."tenant_id" AND d."user_id" = u."id" AND d."state" IN ('live', 'suspended')
);

ALTER TABLE "tenant_users"
  ADD CONSTRAINT "tenant_users_device_count" CHECK ("device_count" >= 0),
  ADD CONSTRAINT "tenant_users_limits" CHECK ("device_limit" >= 0 AND "session_limit" >= 0 AND "data_limit_bytes" >= 0
    AND "upload_bits_per_second" >= 8000 AND "download_bits_per_second" >= 8000);

ALTER TABLE "devices"
  ADD COLUMN "dns" INET[],
  ADD COLUMN "routes" INET[];
