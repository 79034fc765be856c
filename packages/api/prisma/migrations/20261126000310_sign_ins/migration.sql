-- Wrong tries at passwords and codes are counted here; users who sign in elsewhere have no password.

CREATE TABLE "sign_in_tries" (
  "tenant_id" UUID NOT NULL,
  "subject" BYTEA NOT NULL,
  "spent_until" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "sign_in_tries_pkey" PRIMARY KEY ("tenant_id", "subject"),
  CONSTRAINT "sign_in_tries_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE INDEX "sign_in_tries_spent_until_idx" ON "sign_in_tries" ("spent_until");

ALTER TABLE "tenant_users" ALTER COLUMN "password_hash" DROP NOT NULL;

SELECT "wall_off"('sign_in_tries');
GRANT SELECT, INSERT, UPDATE ON "sign_in_tries" TO "cvault_api";
GRANT SELECT, DELETE ON "sign_in_tries" TO "cvault_jobs";
