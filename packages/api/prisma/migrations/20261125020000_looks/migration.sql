-- Whose turn it is to look at a VPN server, and what was found changed there.

ALTER TABLE "servers"
  ADD COLUMN "look_after" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  ADD COLUMN "drift_found" BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN "drift_found_at" TIMESTAMPTZ(3);
