-- The address of a device that failed is given back as soon as its VPN server has acknowledged that it is gone, as that of one
-- that moved: by a departure. From then on its row names an address that may be another's.
DROP INDEX "devices_live_address";
CREATE UNIQUE INDEX "devices_live_address" ON "devices" ("server_id", "assigned_ip") WHERE "removed_at" IS NULL AND "failure" IS NULL;
DROP INDEX "devices_live_address6";
CREATE UNIQUE INDEX "devices_live_address6" ON "devices" ("server_id", "assigned_ip6") WHERE "removed_at" IS NULL AND "failure" IS NULL;

-- An owner that is no superuser is held by forced row-level security, too, and would find no rows to mend.
ALTER TABLE "devices" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "departures" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "ip_pool" NO FORCE ROW LEVEL SECURITY;

INSERT INTO "departures" ("tenant_id", "device_id", "server_id", "generation", "address")
SELECT d."tenant_id", d."id", d."server_id", d."generation", d."assigned_ip" FROM "devices" d
WHERE d."state" = 'failed' AND d."applied_generation" < d."generation";

UPDATE "ip_pool" l SET "state" = 'quarantine', "tenant_id" = NULL, "device_id" = NULL, "free_after" = now() + interval '10 minutes'
FROM "devices" d
WHERE d."state" = 'failed' AND d."applied_generation" = d."generation"
  AND l."server_id" = d."server_id" AND l."address" = d."assigned_ip" AND l."device_id" = d."id";

ALTER TABLE "devices" FORCE ROW LEVEL SECURITY;
ALTER TABLE "departures" FORCE ROW LEVEL SECURITY;
ALTER TABLE "ip_pool" FORCE ROW LEVEL SECURITY;
