-- AlterTable
ALTER TABLE "tenants" ADD COLUMN     "mtu" INTEGER,
ADD COLUMN     "persistent_keepalive" INTEGER NOT NULL DEFAULT 25,
ADD COLUMN     "search_domains" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- AlterTable
ALTER TABLE "devices" ADD COLUMN     "mtu" INTEGER,
ADD COLUMN     "persistent_keepalive" INTEGER,
ADD COLUMN     "search_domains" TEXT[];

ALTER TABLE "tenants" ALTER COLUMN "search_domains" SET NOT NULL;

-- An IPv6 link carries 1280 bytes (RFC 8200); more than 1420 do not fit into 1500 with WireGuard over IPv6.
ALTER TABLE "tenants" ADD CONSTRAINT "tenants_mtu" CHECK ("mtu" BETWEEN 1280 AND 1420);
ALTER TABLE "tenants" ADD CONSTRAINT "tenants_persistent_keepalive" CHECK ("persistent_keepalive" BETWEEN 0 AND 65535);
ALTER TABLE "tenants" ADD CONSTRAINT "tenants_search_domains" CHECK (cardinality("search_domains") <= 6);
ALTER TABLE "devices" ADD CONSTRAINT "devices_mtu" CHECK ("mtu" BETWEEN 1280 AND 1420);
ALTER TABLE "devices" ADD CONSTRAINT "devices_persistent_keepalive" CHECK ("persistent_keepalive" BETWEEN 0 AND 65535);
ALTER TABLE "devices" ADD CONSTRAINT "devices_search_domains" CHECK (cardinality("search_domains") <= 6);

-- A tenant decides them for itself, as it does its resolvers.
GRANT UPDATE ("mtu", "persistent_keepalive", "search_domains") ON "tenants" TO "cvault_api";

-- The triggers name their columns: those of the tenant's settings since the last call (`route_ipv6` too), and the device's.
SELECT "keep_audit"('tenants', 'tenant', 'device_count');
CREATE OR REPLACE TRIGGER "audit_update"
  AFTER UPDATE OF "user_id", "server_id", "name", "state", "failure", "public_key", "private_key", "preshared_key", "assigned_ip", "dns", "routes", "mtu", "persistent_keepalive", "search_domains", "expires_at", "holds"
  ON "devices" FOR EACH ROW WHEN ((OLD."holds" # NEW."holds") NOT IN (1, 4))
  EXECUTE FUNCTION "audit_change"('device', 'generation', 'peer_digest', 'applied_generation', 'applied_epoch', 'last_connected_at', 'removed_at');
