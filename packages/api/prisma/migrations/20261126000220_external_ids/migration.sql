-- What tenants keep with their users and devices: their own id for it, and a flat object of texts.
ALTER TABLE "tenant_users" ADD COLUMN "external_id" TEXT, ADD COLUMN "metadata" JSONB NOT NULL DEFAULT '{}';
CREATE UNIQUE INDEX "tenant_users_tenant_id_external_id_mode_key" ON "tenant_users"("tenant_id", "external_id", "mode");

ALTER TABLE "devices" ADD COLUMN "external_id" TEXT, ADD COLUMN "metadata" JSONB NOT NULL DEFAULT '{}';
-- A deleted device gives its name back.
CREATE UNIQUE INDEX "devices_external_id" ON "devices"("tenant_id", "external_id", "mode") WHERE "state" <> 'deleted';
-- In which order a tenant lists all of its devices.
CREATE INDEX "devices_tenant_list" ON "devices"("tenant_id", "id") WHERE "state" <> 'deleted';
