-- Metering: what devices sent and received, sessions that follow handshakes, and data limits.

CREATE TYPE "session_opener" AS ENUM ('connect', 'handshake');
CREATE TYPE "session_end" AS ENUM ('disconnect', 'silence', 'revoked');
CREATE TYPE "usage_span" AS ENUM ('hour', 'day');

DROP INDEX "sessions_tenant_id_device_id_connected_at_idx";

ALTER TABLE "sessions"
  ADD COLUMN "user_id" UUID,
  ADD COLUMN "server_id" UUID,
  ADD COLUMN "opened_by" "session_opener" NOT NULL DEFAULT 'connect',
  ADD COLUMN "closed_reason" "session_end",
  ADD COLUMN "upload_bytes" BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN "download_bytes" BIGINT NOT NULL DEFAULT 0;

UPDATE "sessions" s SET "user_id" = d."user_id", "server_id" = d."server_id",
  "closed_reason" = (CASE WHEN s."state" = 'ACTIVE' THEN NULL WHEN d."state" = 'deleted' THEN 'revoked' ELSE 'disconnect' END)::"session_end"
FROM "devices" d WHERE d."tenant_id" = s."tenant_id" AND d."id" = s."device_id";

ALTER TABLE "sessions"
  ALTER COLUMN "user_id" SET NOT NULL,
  ALTER COLUMN "server_id" SET NOT NULL,
  DROP CONSTRAINT "sessions_closed",
  ADD CONSTRAINT "sessions_closed" CHECK (
    ("state" = 'CLOSED') = ("closed_at" IS NOT NULL) AND ("state" = 'CLOSED') = ("closed_reason" IS NOT NULL)
  ),
  ADD CONSTRAINT "sessions_bytes" CHECK ("upload_bytes" >= 0 AND "download_bytes" >= 0);

CREATE INDEX "sessions_tenant_id_device_id_connected_at_id_idx" ON "sessions"("tenant_id", "device_id", "connected_at", "id");
CREATE INDEX "sessions_tenant_id_user_id_connected_at_id_idx" ON "sessions"("tenant_id", "user_id", "connected_at", "id");
CREATE INDEX "sessions_tenant_id_connected_at_id_idx" ON "sessions"("tenant_id", "connected_at", "id");
CREATE INDEX "sessions_active_server" ON "sessions" ("server_id") WHERE "state" = 'ACTIVE';
CREATE INDEX "sessions_closed_at" ON "sessions" ("closed_at") WHERE "state" = 'CLOSED';

CREATE TABLE "meter_passes" (
    "server_id" UUID NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "epoch" TEXT,
    "pass" BIGINT NOT NULL DEFAULT 0,
    "stored_pass" BIGINT NOT NULL DEFAULT 0,
    "life" TEXT,

    CONSTRAINT "meter_passes_pkey" PRIMARY KEY ("server_id"),
    CONSTRAINT "meter_passes_order" CHECK ("stored_pass" BETWEEN 0 AND "pass")
);

-- Rows that change all the time keep room for their next version in their page, so that no index is touched.
CREATE TABLE "meter_readings" (
    "tenant_id" UUID NOT NULL,
    "device_id" UUID NOT NULL,
    "server_id" UUID NOT NULL,
    "life" TEXT NOT NULL,
    "received_bytes" BIGINT NOT NULL,
    "sent_bytes" BIGINT NOT NULL,
    "received_added" BIGINT NOT NULL,
    "sent_added" BIGINT NOT NULL,
    "read_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "meter_readings_pkey" PRIMARY KEY ("device_id","server_id","life"),
    CONSTRAINT "meter_readings_bytes" CHECK ("received_added" BETWEEN 0 AND "received_bytes" AND "sent_added" BETWEEN 0 AND "sent_bytes")
) WITH (fillfactor = 70);

CREATE TABLE "usage_metrics" (
    "tenant_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "device_id" UUID NOT NULL,
    "server_id" UUID NOT NULL,
    "span" "usage_span" NOT NULL,
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "upload_bytes" BIGINT NOT NULL,
    "download_bytes" BIGINT NOT NULL,

    CONSTRAINT "usage_metrics_pkey" PRIMARY KEY ("tenant_id","device_id","starts_at","span","server_id"),
    CONSTRAINT "usage_metrics_bytes" CHECK ("upload_bytes" >= 0 AND "download_bytes" >= 0)
) WITH (fillfactor = 80);

CREATE TABLE "usage_periods" (
    "tenant_id" UUID NOT NULL,
    "subject_id" UUID NOT NULL,
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "used_bytes" BIGINT NOT NULL,
    "added_bytes" BIGINT NOT NULL,

    CONSTRAINT "usage_periods_pkey" PRIMARY KEY ("tenant_id","subject_id","starts_at"),
    CONSTRAINT "usage_periods_bytes" CHECK ("added_bytes" BETWEEN 0 AND "used_bytes")
) WITH (fillfactor = 70);

CREATE TABLE "usage_warnings" (
    "tenant_id" UUID NOT NULL,
    "subject_id" UUID NOT NULL,
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "percent" INTEGER NOT NULL,
    "limit_bytes" BIGINT NOT NULL,
    "used_bytes" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "usage_warnings_pkey" PRIMARY KEY ("tenant_id","subject_id","starts_at","percent")
);

CREATE TABLE "data_renewals" (
    "tenant_id" UUID NOT NULL,
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "after_device" UUID,

    CONSTRAINT "data_renewals_pkey" PRIMARY KEY ("tenant_id")
);

CREATE INDEX "usage_metrics_tenant_id_user_id_starts_at_idx" ON "usage_metrics"("tenant_id", "user_id", "starts_at");
CREATE INDEX "usage_metrics_tenant_id_starts_at_idx" ON "usage_metrics"("tenant_id", "starts_at");
CREATE INDEX "usage_metrics_server_id_starts_at_idx" ON "usage_metrics"("server_id", "starts_at");
CREATE INDEX "usage_metrics_span_starts_at_idx" ON "usage_metrics"("span", "starts_at");
CREATE INDEX "usage_warnings_created_at_idx" ON "usage_warnings"("created_at");
-- Whose data is used up (HOLDS.data): few, so finding out whom to release costs nothing.
CREATE INDEX "devices_held_data" ON "devices" ("tenant_id", "user_id") WHERE ("holds" & 8) <> 0;

ALTER TABLE "meter_readings" ADD CONSTRAINT "meter_readings_tenant_id_device_id_fkey" FOREIGN KEY ("tenant_id", "device_id") REFERENCES "devices"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "usage_metrics" ADD CONSTRAINT "usage_metrics_tenant_id_device_id_fkey" FOREIGN KEY ("tenant_id", "device_id") REFERENCES "devices"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "usage_periods" ADD CONSTRAINT "usage_periods_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "usage_warnings" ADD CONSTRAINT "usage_warnings_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "data_renewals" ADD CONSTRAINT "data_renewals_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;
