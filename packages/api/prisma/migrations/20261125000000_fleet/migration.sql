-- A fleet: VPN servers that are drained, weighed and reached over IPv6; devices with an IPv6 tunnel address, a preshared
-- key, an end, a key that replaces another, and more than one reason to be held back.

ALTER TYPE "server_state" ADD VALUE 'draining' AFTER 'active';

ALTER TABLE "servers"
  ADD COLUMN "weight" INTEGER NOT NULL DEFAULT 100,
  ADD COLUMN "endpoint_host6" INET,
  ADD COLUMN "tunnel_prefix6" INET,
  ADD CONSTRAINT "servers_weight" CHECK ("weight" BETWEEN 0 AND 10000),
  ADD CONSTRAINT "servers_endpoint6" CHECK (family("endpoint_host6") = 6),
  -- The 32 bits of a device's IPv4 address are the last of its IPv6 one, so it needs no lease of its own.
  ADD CONSTRAINT "servers_prefix6" CHECK (family("tunnel_prefix6") = 6 AND masklen("tunnel_prefix6") = 64
    AND "tunnel_prefix6" = network("tunnel_prefix6")::inet);

CREATE UNIQUE INDEX "servers_tunnel_prefix6" ON "servers" ("tunnel_prefix6") WHERE "state" <> 'removed';

ALTER TABLE "devices"
  ADD COLUMN "assigned_ip6" INET,
  ADD COLUMN "preshared_key" BYTEA,
  ADD COLUMN "replaces_key" BYTEA,
  ADD COLUMN "overlap_until" TIMESTAMPTZ(3),
  ADD COLUMN "key_changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  ADD COLUMN "expires_at" TIMESTAMPTZ(3),
  ADD COLUMN "holds" INTEGER NOT NULL DEFAULT 0;

-- Until now a suspended tenant was the only reason.
UPDATE "devices" SET "holds" = 1 WHERE "state" = 'suspended';
-- As far as they are known: a deleted device's key goes with its private key.
UPDATE "devices" SET "key_changed_at" = "created_at";

ALTER TABLE "devices"
  ADD CONSTRAINT "devices_address6" CHECK (family("assigned_ip6") = 6 AND masklen("assigned_ip6") = 128),
  ADD CONSTRAINT "devices_replaces" CHECK (
    octet_length("replaces_key") = 32 AND ("replaces_key" IS NULL) = ("overlap_until" IS NULL)
  ),
  -- Held back exactly while there is a reason; what failed or is deleted keeps its last ones for the record.
  ADD CONSTRAINT "devices_holds" CHECK (
    "holds" >= 0 AND ("state" <> 'live' OR "holds" = 0) AND ("state" <> 'suspended' OR "holds" > 0)
  ),
  DROP CONSTRAINT "devices_removed",
  ADD CONSTRAINT "devices_removed" CHECK (
    "removed_at" IS NULL OR ("state" = 'deleted' AND "private_key" IS NULL AND "preshared_key" IS NULL)
  ),
  -- See digestOfPeer in packages/protocol: the agent computes the same.
  ADD COLUMN "peer_digest" BIGINT GENERATED ALWAYS AS (
    ('x' || encode(substring(sha256(
      uuid_send("id") || int8send("generation") || "public_key" || inet_send("assigned_ip")
        || coalesce(inet_send("assigned_ip6"), ''::bytea)
    ) from 1 for 8), 'hex'))::bit(64)::bigint
  ) STORED;

CREATE UNIQUE INDEX "devices_live_address6" ON "devices" ("server_id", "assigned_ip6") WHERE "removed_at" IS NULL;
