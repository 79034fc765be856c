-- Identity providers of tenants, and whom their subjects stand for.

CREATE TABLE "identity_providers" (
  "id" UUID NOT NULL,
  "tenant_id" UUID NOT NULL,
  "name" TEXT NOT NULL,
  "issuer" TEXT NOT NULL,
  "audiences" TEXT[] NOT NULL,
  "algorithms" TEXT[] NOT NULL,
  "jwks_url" TEXT,
  "jwks" JSONB,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "identity_providers_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "identity_providers_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "identity_providers_keys" CHECK ("jwks_url" IS NULL OR "jwks" IS NULL),
  CONSTRAINT "identity_providers_audiences" CHECK (cardinality("audiences") > 0 AND cardinality("algorithms") > 0)
);

CREATE UNIQUE INDEX "identity_providers_tenant_id_id_key" ON "identity_providers" ("tenant_id", "id");
CREATE UNIQUE INDEX "identity_providers_tenant_id_issuer_key" ON "identity_providers" ("tenant_id", "issuer");

CREATE TABLE "user_identities" (
  "tenant_id" UUID NOT NULL,
  "provider_id" UUID NOT NULL,
  "subject" TEXT NOT NULL,
  "user_id" UUID NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "user_identities_pkey" PRIMARY KEY ("tenant_id", "provider_id", "subject"),
  CONSTRAINT "user_identities_tenant_id_provider_id_fkey" FOREIGN KEY ("tenant_id", "provider_id")
    REFERENCES "identity_providers" ("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "user_identities_tenant_id_user_id_fkey" FOREIGN KEY ("tenant_id", "user_id")
    REFERENCES "tenant_users" ("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE INDEX "user_identities_tenant_id_user_id_idx" ON "user_identities" ("tenant_id", "user_id");

CREATE TABLE "used_id_tokens" (
  "tenant_id" UUID NOT NULL,
  "provider_id" UUID NOT NULL,
  "fingerprint" BYTEA NOT NULL,
  "expires_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "used_id_tokens_pkey" PRIMARY KEY ("tenant_id", "provider_id", "fingerprint"),
  CONSTRAINT "used_id_tokens_tenant_id_provider_id_fkey" FOREIGN KEY ("tenant_id", "provider_id")
    REFERENCES "identity_providers" ("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE INDEX "used_id_tokens_expires_at_idx" ON "used_id_tokens" ("expires_at");

SELECT "wall_off"("table"::regclass) FROM unnest(ARRAY['identity_providers', 'user_identities', 'used_id_tokens']) AS "table";
GRANT SELECT, INSERT, DELETE ON "identity_providers" TO "cvault_api";
GRANT SELECT, INSERT ON "user_identities", "used_id_tokens" TO "cvault_api";
GRANT SELECT, DELETE ON "used_id_tokens" TO "cvault_jobs";
