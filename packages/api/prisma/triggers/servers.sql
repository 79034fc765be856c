SELECT "keep_audit"('servers', 'server', 'epoch', 'last_contact_at', 'look_after', 'drift_found', 'drift_found_at', 'addresses', 'free_addresses', 'unreachable_since', 'degraded_since', 'degraded_reasons');

CREATE OR REPLACE TRIGGER "servers_emit" AFTER UPDATE OF "state", "unreachable_since" ON "servers" FOR EACH ROW
  WHEN (NEW."state" <> OLD."state" OR (NEW."unreachable_since" IS NULL) <> (OLD."unreachable_since" IS NULL))
  EXECUTE FUNCTION "emit_server_events"();
