-- Only what is still to be held: devices that have expired stay, and would be passed over at every look.
DROP INDEX "devices_expiry";
CREATE INDEX "devices_expiry" ON "devices" ("expires_at") WHERE "expires_at" IS NOT NULL AND "state" IN ('live', 'suspended') AND "holds" & 16 = 0;
