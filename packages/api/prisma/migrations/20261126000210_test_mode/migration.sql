-- Test keys see users and devices of their own. A device has the mode of its user and of its VPN server by both foreign
-- keys, and only a simulated VPN server can be of mode test: a test device on a real one is no row that there can be.
ALTER TABLE "servers"
  ADD COLUMN "mode" "api_key_mode" NOT NULL DEFAULT 'live',
  ADD CONSTRAINT "servers_test_is_simulated" CHECK ("mode" = 'live' OR "transport" = 'memory');
CREATE UNIQUE INDEX "servers_id_mode_key" ON "servers"("id", "mode");

ALTER TABLE "tenant_users"
  ADD COLUMN "mode" "api_key_mode" NOT NULL DEFAULT 'live',
  ALTER COLUMN "password_hash" DROP NOT NULL;
CREATE UNIQUE INDEX "tenant_users_tenant_id_id_mode_key" ON "tenant_users"("tenant_id", "id", "mode");
DROP INDEX "tenant_users_tenant_id_email_key";
CREATE UNIQUE INDEX "tenant_users_tenant_id_email_key" ON "tenant_users"("tenant_id", "email", "mode");

ALTER TABLE "devices"
  ADD COLUMN "mode" "api_key_mode" NOT NULL DEFAULT 'live',
  DROP CONSTRAINT "devices_tenant_id_user_id_fkey",
  DROP CONSTRAINT "devices_server_id_fkey";
ALTER TABLE "devices"
  ADD CONSTRAINT "devices_tenant_id_user_id_fkey" FOREIGN KEY ("tenant_id", "user_id", "mode")
    REFERENCES "tenant_users"("tenant_id", "id", "mode") ON DELETE RESTRICT ON UPDATE CASCADE,
  ADD CONSTRAINT "devices_server_id_fkey" FOREIGN KEY ("server_id", "mode")
    REFERENCES "servers"("id", "mode") ON DELETE RESTRICT ON UPDATE CASCADE;
