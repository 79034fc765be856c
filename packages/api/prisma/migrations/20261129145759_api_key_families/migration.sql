-- Which key made a key, and which one a key came in the place of: whoever revokes a key is told of what came of it.
ALTER TABLE "api_keys" ADD COLUMN "parent_id" UUID, ADD COLUMN "replaces_id" UUID;
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_tenant_id_parent_id_fkey" FOREIGN KEY ("tenant_id", "parent_id")
  REFERENCES "api_keys" ("tenant_id", "id") ON DELETE NO ACTION ON UPDATE CASCADE;
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_tenant_id_replaces_id_fkey" FOREIGN KEY ("tenant_id", "replaces_id")
  REFERENCES "api_keys" ("tenant_id", "id") ON DELETE NO ACTION ON UPDATE CASCADE;
CREATE INDEX "api_keys_tenant_id_parent_id_idx" ON "api_keys" ("tenant_id", "parent_id");

-- The children of a key that is replaced are its successor's.
GRANT UPDATE ("parent_id") ON "api_keys" TO "cvault_api";
SELECT "keep_audit"('api_keys', 'api_key', 'last_used_at', 'parent_id');
