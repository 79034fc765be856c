-- What a tenant's backend changes, it changes as the tenant: not with the rights of the operator.

-- Its users' share of its plan.
GRANT UPDATE ("device_limit", "session_limit", "data_limit_bytes", "upload_bits_per_second", "download_bits_per_second")
  ON "tenant_users" TO "cvault_api";
-- What it sets itself; the rest of its row is its plan, which only the operator changes.
GRANT UPDATE ("dns", "routes", "private_network", "password_length_min", "data_warn_percents", "key_lifetime_days",
  "key_rotation_days") ON "tenants" TO "cvault_api";
GRANT INSERT ON "plan_changes" TO "cvault_api";
GRANT USAGE ON SEQUENCE "plan_changes_id_seq" TO "cvault_api";

-- The operator's claims are of no tenant, and the operator sees no other: answers of tenants hold their users' secrets.
ALTER POLICY "platform" ON "idempotency_keys" TO "cvault_jobs";
CREATE POLICY "operator" ON "idempotency_keys" TO "cvault_operator" USING ("tenant_id" IS NULL) WITH CHECK ("tenant_id" IS NULL);

-- A user that is being deleted is not suspended; the event comes when the row goes.
DROP TRIGGER "tenant_users_emit_update" ON "tenant_users";
CREATE TRIGGER "tenant_users_emit_update" AFTER UPDATE ON "tenant_users" FOR EACH ROW
  WHEN (NEW."state" <> OLD."state" AND NEW."state" <> 'deleting') EXECUTE FUNCTION "emit_user_events"();
