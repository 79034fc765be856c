-- Tenants are kept apart by the database itself: composite foreign keys, row-level security that holds for the tables' owner
-- too, and a role for each part of the control plane that has only the rights it needs. docs/operations/database.md says
-- what an operator has to know of it.

-- Whose row it is, where only the device said so ---------------------------------------------------------------------

ALTER TABLE "sessions" ADD CONSTRAINT "sessions_tenant_id_user_id_fkey" FOREIGN KEY ("tenant_id", "user_id") REFERENCES "tenant_users"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "usage_metrics" ADD CONSTRAINT "usage_metrics_tenant_id_user_id_fkey" FOREIGN KEY ("tenant_id", "user_id") REFERENCES "tenant_users"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "meter_readings" ADD CONSTRAINT "meter_readings_tenant_id_user_id_fkey" FOREIGN KEY ("tenant_id", "user_id") REFERENCES "tenant_users"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "plan_changes" ADD CONSTRAINT "plan_changes_tenant_id_user_id_fkey" FOREIGN KEY ("tenant_id", "user_id") REFERENCES "tenant_users"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;
CREATE INDEX "meter_readings_tenant_id_user_id_idx" ON "meter_readings"("tenant_id", "user_id");

-- Roles --------------------------------------------------------------------------------------------------------------

-- Roles belong to the whole cluster: another database, or an administrator, may have made them before or at this moment.
-- Who makes them may act as them; where an administrator made them, the administrator says who may.
DO $$
DECLARE
  role text;
BEGIN
  FOREACH role IN ARRAY ARRAY[
    'cvault_api', 'cvault_authenticator', 'cvault_operator', 'cvault_links', 'cvault_metering', 'cvault_jobs'
  ] LOOP
    CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = role);
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION', role);
      IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('GRANT %I TO CURRENT_USER', role);
      END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      NULL;
    END;
  END LOOP;
END
$$;

GRANT USAGE ON SCHEMA "public" TO "cvault_api", "cvault_authenticator", "cvault_operator", "cvault_links", "cvault_metering", "cvault_jobs";

-- Row-level security -------------------------------------------------------------------------------------------------

-- The tenant that the transaction stands for; null, which equals nothing, where it stands for none. A setting that was ever
-- made in a session is empty afterwards, not unset. Simple enough for PostgreSQL to put it in place of its call.
CREATE FUNCTION "current_tenant"() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('cvault.tenant', true), '')::uuid $$;

-- For migrations, one line for each table with a tenant_id: `cvault_api` has the rows of its tenant, the platform's own
-- roles have all; which of them may do what with the table at all, grants say.
CREATE FUNCTION "wall_off"("of_table" regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', of_table);
  EXECUTE format('CREATE POLICY "tenant" ON %s TO "cvault_api" USING ("tenant_id" = "current_tenant"()) WITH CHECK ("tenant_id" = "current_tenant"())', of_table);
  EXECUTE format('CREATE POLICY "platform" ON %s TO "cvault_operator", "cvault_links", "cvault_metering", "cvault_jobs" USING (true) WITH CHECK (true)', of_table);
END
$$;
REVOKE EXECUTE ON FUNCTION "wall_off"(regclass) FROM PUBLIC;

SELECT "wall_off"("table"::regclass) FROM unnest(ARRAY[
  'api_keys', 'tenant_users', 'sign_ins', 'refresh_tokens', 'devices', 'sessions', 'outbox', 'departures', 'public_keys',
  'plan_changes', 'data_renewals', 'meter_readings', 'usage_metrics', 'usage_periods', 'usage_warnings'
]) AS "table";

ALTER TABLE "tenants" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant" ON "tenants" TO "cvault_api" USING ("id" = "current_tenant"()) WITH CHECK ("id" = "current_tenant"());
CREATE POLICY "platform" ON "tenants" TO "cvault_operator", "cvault_links", "cvault_metering", "cvault_jobs" USING (true) WITH CHECK (true);

-- A tenant sees its own addresses and those that nobody holds, and makes none but its own of them.
ALTER TABLE "ip_pool" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant" ON "ip_pool" TO "cvault_api"
  USING ("tenant_id" = "current_tenant"() OR ("tenant_id" IS NULL AND "current_tenant"() IS NOT NULL))
  WITH CHECK ("tenant_id" = "current_tenant"());
CREATE POLICY "platform" ON "ip_pool" TO "cvault_operator", "cvault_links", "cvault_metering", "cvault_jobs" USING (true) WITH CHECK (true);

-- Placing a device locks its VPN server's row, for which PostgreSQL wants the right to update it: the row can be locked, and
-- no change of it passes.
ALTER TABLE "servers" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "readable" ON "servers" FOR SELECT TO "cvault_api" USING (true);
CREATE POLICY "lockable" ON "servers" FOR UPDATE TO "cvault_api" USING (true) WITH CHECK (false);
CREATE POLICY "platform" ON "servers" TO "cvault_operator", "cvault_links", "cvault_metering", "cvault_jobs" USING (true) WITH CHECK (true);

-- Whose a credential is has to be found out before the tenant is known: by a role that reads these columns and nothing else.
CREATE POLICY "authentication" ON "api_keys" FOR SELECT TO "cvault_authenticator" USING (true);
CREATE POLICY "authentication" ON "tenants" FOR SELECT TO "cvault_authenticator" USING (true);
CREATE POLICY "authentication" ON "sign_ins" FOR SELECT TO "cvault_authenticator" USING (true);
CREATE POLICY "authentication" ON "tenant_users" FOR SELECT TO "cvault_authenticator" USING (true);

-- Grants -------------------------------------------------------------------------------------------------------------
-- The whole list, role by role, is compared with the catalogue in postgres/walls.integration.test.ts.

-- Finds out who sends a request.
GRANT SELECT ("id", "tenant_id", "key_hash", "revoked_at") ON "api_keys" TO "cvault_authenticator";
GRANT SELECT ("id", "state", "password_length_min", "auth_rate_limit", "auth_rate_window_seconds") ON "tenants" TO "cvault_authenticator";
GRANT SELECT ("id", "tenant_id", "user_id", "revoked_at", "expires_at") ON "sign_ins" TO "cvault_authenticator";
GRANT SELECT ("id", "tenant_id", "email", "created_at", "state") ON "tenant_users" TO "cvault_authenticator";

-- Requests of tenants and their users.
GRANT SELECT, UPDATE ("device_count") ON "tenants" TO "cvault_api";
GRANT SELECT, INSERT, UPDATE ("password_hash", "device_count") ON "tenant_users" TO "cvault_api";
GRANT SELECT, INSERT, UPDATE ON "sign_ins", "refresh_tokens", "devices", "sessions", "public_keys" TO "cvault_api";
GRANT SELECT, UPDATE ON "ip_pool" TO "cvault_api";
GRANT INSERT ON "outbox", "departures" TO "cvault_api";
GRANT USAGE ON SEQUENCE "outbox_id_seq" TO "cvault_api";
GRANT SELECT ON "usage_metrics" TO "cvault_api";
-- Not how it is reached: no SSH key, no address of its own.
GRANT SELECT ("id", "name", "region", "state", "endpoint_host", "endpoint_host6", "endpoint_port", "weight", "tunnel_prefix6",
  "addresses", "free_addresses", "public_key", "epoch", "last_contact_at", "created_at"), UPDATE ("weight") ON "servers" TO "cvault_api";

-- Requests of the operator.
GRANT SELECT, INSERT, UPDATE, DELETE ON "tenants", "api_keys", "pools", "ip_pool", "evacuations" TO "cvault_operator";
GRANT SELECT, UPDATE, DELETE ON "tenant_users", "devices" TO "cvault_operator";
GRANT SELECT, UPDATE ON "sign_ins", "sessions" TO "cvault_operator";
GRANT SELECT, INSERT, UPDATE ON "servers", "public_keys" TO "cvault_operator";
GRANT SELECT, INSERT, DELETE ON "outbox" TO "cvault_operator";
GRANT SELECT, DELETE ON "departures" TO "cvault_operator";
GRANT INSERT ON "plan_changes" TO "cvault_operator";
GRANT USAGE ON SEQUENCE "outbox_id_seq", "plan_changes_id_seq" TO "cvault_operator";
GRANT SELECT ON "usage_metrics" TO "cvault_operator";

-- Links to VPN servers: what is pushed, acknowledged, compared.
GRANT SELECT, UPDATE ON "servers", "devices", "ip_pool" TO "cvault_links";
GRANT SELECT ON "pools", "usage_periods", "usage_metrics" TO "cvault_links";
GRANT SELECT, UPDATE ("device_id") ON "public_keys" TO "cvault_links";
GRANT SELECT, INSERT, UPDATE, DELETE ON "outbox" TO "cvault_links";
GRANT USAGE ON SEQUENCE "outbox_id_seq" TO "cvault_links";
GRANT SELECT, DELETE ON "departures" TO "cvault_links";
GRANT SELECT, UPDATE ON "sessions" TO "cvault_links";
GRANT SELECT, UPDATE ("device_count") ON "tenants", "tenant_users" TO "cvault_links";

-- Metering: readings, totals, limits, what is forgotten.
GRANT SELECT ON "servers", "tenants", "tenant_users" TO "cvault_metering";
GRANT SELECT, UPDATE ON "devices" TO "cvault_metering";
GRANT SELECT, INSERT, UPDATE ON "meter_passes", "data_renewals" TO "cvault_metering";
GRANT SELECT, INSERT, UPDATE, DELETE ON "meter_readings", "usage_metrics", "usage_periods", "usage_warnings", "sessions" TO "cvault_metering";
GRANT INSERT ON "outbox" TO "cvault_metering";
GRANT USAGE ON SEQUENCE "outbox_id_seq" TO "cvault_metering";

-- The rest of what is done again and again.
GRANT SELECT, DELETE ON "tenants", "pools", "departures", "api_keys" TO "cvault_jobs";
GRANT SELECT, UPDATE, DELETE ON "tenant_users", "devices", "evacuations", "plan_changes" TO "cvault_jobs";
GRANT SELECT, DELETE ON "sign_ins" TO "cvault_jobs";
GRANT UPDATE ("device_count") ON "tenants" TO "cvault_jobs";
GRANT SELECT, UPDATE ON "servers", "ip_pool", "sessions", "public_keys" TO "cvault_jobs";
GRANT SELECT, INSERT, DELETE ON "outbox" TO "cvault_jobs";
GRANT INSERT ON "departures" TO "cvault_jobs";
GRANT USAGE ON SEQUENCE "outbox_id_seq" TO "cvault_jobs";
