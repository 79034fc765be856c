CREATE OR REPLACE TRIGGER "devices_end_sessions" AFTER UPDATE OF "state", "server_id" ON "devices" FOR EACH ROW
  WHEN (OLD."state" = 'live' AND NEW."state" <> 'live' OR OLD."server_id" <> NEW."server_id")
  EXECUTE FUNCTION "end_sessions"();

-- Metering and acknowledgements set none of the update trigger's columns. Where a tenant is suspended or a VPN server disabled
-- (holds 1 and 4), the log has their row's change, not those of 100,000 devices.
CREATE OR REPLACE TRIGGER "audit" AFTER INSERT ON "devices" FOR EACH ROW EXECUTE FUNCTION "audit_change"('device');

CREATE OR REPLACE TRIGGER "audit_update"
  AFTER UPDATE OF "user_id", "server_id", "name", "state", "failure", "public_key", "private_key", "preshared_key", "assigned_ip", "dns", "routes", "mtu", "persistent_keepalive", "search_domains", "expires_at", "holds"
  ON "devices" FOR EACH ROW WHEN ((OLD."holds" # NEW."holds") NOT IN (1, 4))
  EXECUTE FUNCTION "audit_change"('device', 'generation', 'peer_digest', 'applied_generation', 'applied_epoch', 'last_connected_at', 'removed_at');
