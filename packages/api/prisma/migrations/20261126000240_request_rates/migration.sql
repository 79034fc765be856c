-- Requests in a minute. High enough that no product of ours has come near them; the operator sets what a plan has.
ALTER TABLE "tenants"
  ADD COLUMN "tenant_rate_limit" INTEGER NOT NULL DEFAULT 60000,
  ADD COLUMN "key_rate_limit" INTEGER NOT NULL DEFAULT 60000,
  ADD COLUMN "user_rate_limit" INTEGER NOT NULL DEFAULT 6000,
  ADD COLUMN "client_rate_limit" INTEGER NOT NULL DEFAULT 12000,
  ADD CONSTRAINT "tenants_rate_limits"
    CHECK (least("tenant_rate_limit", "key_rate_limit", "user_rate_limit", "client_rate_limit") >= 1);
