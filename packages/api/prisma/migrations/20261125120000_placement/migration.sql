-- How many addresses a VPN server has and how many of them can be leased, counted every few seconds: placing a device
-- weighs them, and counting a pool for each registration would cost more than the registration.
ALTER TABLE "servers"
  ADD COLUMN "addresses" INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN "free_addresses" INTEGER NOT NULL DEFAULT 0;

UPDATE "servers" SET "addresses" = counted."addresses", "free_addresses" = counted."free"
FROM (
  SELECT "server_id", count(*) AS "addresses", count(*) FILTER (WHERE "state" IN ('free', 'quarantine')) AS "free"
  FROM "ip_pool" GROUP BY "server_id"
) AS counted
WHERE "servers"."id" = counted."server_id";
