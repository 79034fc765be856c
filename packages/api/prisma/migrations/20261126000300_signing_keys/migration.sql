-- The keys that each tenant's access tokens are signed with.

CREATE TABLE "signing_keys" (
  "id" UUID NOT NULL,
  "tenant_id" UUID NOT NULL,
  "public_key" BYTEA NOT NULL,
  "private_key" BYTEA NOT NULL,
  "signs_from" TIMESTAMPTZ(3) NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "signing_keys_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "signing_keys_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE UNIQUE INDEX "signing_keys_tenant_id_id_key" ON "signing_keys" ("tenant_id", "id");
CREATE INDEX "signing_keys_tenant_id_signs_from_idx" ON "signing_keys" ("tenant_id", "signs_from");
