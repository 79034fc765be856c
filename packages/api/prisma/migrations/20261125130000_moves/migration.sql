-- Devices move between VPN servers, and VPN servers are emptied that way.

CREATE TABLE "departures" (
    "device_id" UUID NOT NULL,
    "generation" BIGINT NOT NULL,
    "tenant_id" UUID NOT NULL,
    "server_id" UUID NOT NULL,
    "address" INET NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "departures_pkey" PRIMARY KEY ("device_id","generation")
);

CREATE INDEX "departures_server_id_idx" ON "departures"("server_id");

ALTER TABLE "departures" ADD CONSTRAINT "departures_tenant_id_device_id_fkey" FOREIGN KEY ("tenant_id", "device_id") REFERENCES "devices"("tenant_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;

CREATE TABLE "evacuations" (
    "server_id" UUID NOT NULL,
    "region" TEXT NOT NULL,
    "total" INTEGER NOT NULL,
    "moved" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    "reason" TEXT,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "evacuations_pkey" PRIMARY KEY ("server_id")
);

ALTER TABLE "evacuations" ADD CONSTRAINT "evacuations_server_id_fkey" FOREIGN KEY ("server_id") REFERENCES "servers"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- A device that moves has its old address draining beside the new one.
DROP INDEX "ip_pool_tenant_id_device_id_key";
CREATE INDEX "ip_pool_tenant_id_device_id_idx" ON "ip_pool"("tenant_id", "device_id");
CREATE UNIQUE INDEX "ip_pool_one_held" ON "ip_pool" ("tenant_id", "device_id") WHERE "state" = 'held';

-- A pool belongs to its VPN server, so an address that belongs to the pool does too. Saying it twice cost a check for
-- each of the 65,533 rows of a /16.
ALTER TABLE "ip_pool" DROP CONSTRAINT "ip_pool_server_id_fkey";

-- Deleted, and something of it may still be on a VPN server. Few at any time.
CREATE INDEX "devices_leaving" ON "devices" ("id") WHERE "state" = 'deleted' AND "removed_at" IS NULL;

ALTER TABLE "departures" ADD CONSTRAINT "departures_generation" CHECK ("generation" >= 2);
ALTER TABLE "evacuations"
  ADD CONSTRAINT "evacuations_counts" CHECK ("total" >= 0 AND "moved" >= 0 AND "failed" >= 0),
  ADD CONSTRAINT "evacuations_reason" CHECK (("reason" IS NOT NULL) <= ("finished_at" IS NOT NULL));
