-- Walls and rights for what a tenant's backend does by itself, and for answers that are kept.

-- The operator's claims are of no tenant, and the operator sees no other: answers of tenants hold their users' secrets.
SELECT "wall_off"('idempotency_keys');
ALTER POLICY "platform" ON "idempotency_keys" TO "cvault_jobs";
CREATE POLICY "operator" ON "idempotency_keys" TO "cvault_operator" USING ("tenant_id" IS NULL) WITH CHECK ("tenant_id" IS NULL);
GRANT SELECT, INSERT, UPDATE ("claimed_until", "attempt", "status", "answer"), DELETE ON "idempotency_keys" TO "cvault_api", "cvault_operator";
GRANT SELECT ("claim_hash", "created_at"), DELETE ON "idempotency_keys" TO "cvault_jobs";

-- Which users and devices a key sees, and how often it may ask.
GRANT SELECT ("tenant_rate_limit", "key_rate_limit", "user_rate_limit", "client_rate_limit") ON "tenants" TO "cvault_authenticator";
GRANT SELECT ("mode") ON "tenant_users" TO "cvault_authenticator";
GRANT SELECT ("mode") ON "servers" TO "cvault_api";

-- A tenant's users: their states, what it keeps with them, their share of its plan.
GRANT UPDATE ("state", "external_id", "metadata", "device_limit", "session_limit", "data_limit_bytes", "upload_bits_per_second",
  "download_bits_per_second") ON "tenant_users" TO "cvault_api";
-- What it sets itself; the rest of its row is its plan, which only the operator changes.
GRANT UPDATE ("dns", "routes", "private_network", "password_length_min", "data_warn_percents", "key_lifetime_days",
  "key_rotation_days") ON "tenants" TO "cvault_api";
GRANT INSERT ON "plan_changes" TO "cvault_api";
GRANT USAGE ON SEQUENCE "plan_changes_id_seq" TO "cvault_api";

-- A user that is being deleted is not suspended; the event comes when the row goes.
DROP TRIGGER "tenant_users_emit_update" ON "tenant_users";
CREATE TRIGGER "tenant_users_emit_update" AFTER UPDATE ON "tenant_users" FOR EACH ROW
  WHEN (NEW."state" <> OLD."state" AND NEW."state" <> 'deleting') EXECUTE FUNCTION "emit_user_events"();
