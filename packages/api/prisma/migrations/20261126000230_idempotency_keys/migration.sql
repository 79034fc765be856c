CREATE TABLE "idempotency_keys" (
  "claim_hash" BYTEA NOT NULL,
  "tenant_id" UUID,
  "user_id" UUID,
  "fingerprint" BYTEA NOT NULL,
  "intended_id" UUID NOT NULL,
  "claimed_until" TIMESTAMPTZ(3) NOT NULL,
  "attempt" INTEGER NOT NULL DEFAULT 1,
  "status" INTEGER,
  "answer" BYTEA,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY ("claim_hash"),
  CONSTRAINT "idempotency_keys_answer" CHECK (("status" IS NULL) = ("answer" IS NULL)),
  CONSTRAINT "idempotency_keys_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id")
    ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "idempotency_keys_tenant_id_user_id_fkey" FOREIGN KEY ("tenant_id", "user_id")
    REFERENCES "tenant_users"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "idempotency_keys_created_at_idx" ON "idempotency_keys"("created_at");
CREATE INDEX "idempotency_keys_tenant_id_user_id_idx" ON "idempotency_keys"("tenant_id", "user_id");
