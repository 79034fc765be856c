-- Second factors: the secret of an authenticator app, recovery codes, and what a user has between password and code.

CREATE TABLE "second_factors" (
  "tenant_id" UUID NOT NULL,
  "user_id" UUID NOT NULL,
  "secret" BYTEA NOT NULL,
  "confirmed_at" TIMESTAMPTZ(3),
  "last_step" BIGINT NOT NULL DEFAULT 0,
  CONSTRAINT "second_factors_pkey" PRIMARY KEY ("tenant_id", "user_id"),
  CONSTRAINT "second_factors_tenant_id_user_id_fkey" FOREIGN KEY ("tenant_id", "user_id")
    REFERENCES "tenant_users" ("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE TABLE "recovery_codes" (
  "tenant_id" UUID NOT NULL,
  "user_id" UUID NOT NULL,
  "code_hash" BYTEA NOT NULL,
  CONSTRAINT "recovery_codes_pkey" PRIMARY KEY ("tenant_id", "user_id", "code_hash"),
  CONSTRAINT "recovery_codes_tenant_id_user_id_fkey" FOREIGN KEY ("tenant_id", "user_id")
    REFERENCES "second_factors" ("tenant_id", "user_id") ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE TABLE "sign_in_challenges" (
  "token_hash" BYTEA NOT NULL,
  "tenant_id" UUID NOT NULL,
  "user_id" UUID NOT NULL,
  "expires_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "sign_in_challenges_pkey" PRIMARY KEY ("token_hash"),
  CONSTRAINT "sign_in_challenges_tenant_id_user_id_fkey" FOREIGN KEY ("tenant_id", "user_id")
    REFERENCES "tenant_users" ("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE INDEX "sign_in_challenges_tenant_id_user_id_idx" ON "sign_in_challenges" ("tenant_id", "user_id");
CREATE INDEX "sign_in_challenges_expires_at_idx" ON "sign_in_challenges" ("expires_at");

SELECT "wall_off"("table"::regclass) FROM unnest(ARRAY['second_factors', 'recovery_codes', 'sign_in_challenges']) AS "table";
GRANT SELECT, INSERT, UPDATE, DELETE ON "second_factors" TO "cvault_api";
GRANT SELECT, INSERT, DELETE ON "recovery_codes", "sign_in_challenges" TO "cvault_api";
GRANT SELECT, DELETE ON "sign_in_challenges" TO "cvault_jobs";
