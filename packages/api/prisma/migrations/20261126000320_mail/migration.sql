-- Mails to users, the links in them, and how a tenant's users sign in.

CREATE TABLE "sign_in_settings" (
  "tenant_id" UUID NOT NULL,
  "app_url" TEXT,
  "verified_email_required" BOOLEAN NOT NULL DEFAULT false,
  "second_factor_required" BOOLEAN NOT NULL DEFAULT false,
  CONSTRAINT "sign_in_settings_pkey" PRIMARY KEY ("tenant_id"),
  CONSTRAINT "sign_in_settings_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
  -- Otherwise nobody could verify anything.
  CONSTRAINT "sign_in_settings_verified" CHECK (NOT "verified_email_required" OR "app_url" IS NOT NULL)
);

ALTER TABLE "tenant_users" ADD COLUMN "email_verified_at" TIMESTAMPTZ(3);

CREATE TYPE "link_purpose" AS ENUM ('verify_email', 'reset_password', 'invitation');
CREATE TYPE "mail_purpose" AS ENUM ('verify_email', 'reset_password', 'invitation', 'password_changed', 'already_registered');

CREATE TABLE "user_links" (
  "token_hash" BYTEA NOT NULL,
  "tenant_id" UUID NOT NULL,
  "user_id" UUID NOT NULL,
  "email" TEXT NOT NULL,
  "purpose" "link_purpose" NOT NULL,
  "expires_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "user_links_pkey" PRIMARY KEY ("token_hash"),
  CONSTRAINT "user_links_tenant_id_user_id_fkey" FOREIGN KEY ("tenant_id", "user_id")
    REFERENCES "tenant_users" ("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE UNIQUE INDEX "user_links_tenant_id_user_id_purpose_key" ON "user_links" ("tenant_id", "user_id", "purpose");
CREATE INDEX "user_links_expires_at_idx" ON "user_links" ("expires_at");

CREATE TABLE "mail_outbox" (
  "id" UUID NOT NULL,
  "tenant_id" UUID NOT NULL,
  "purpose" "mail_purpose" NOT NULL,
  "recipient" BYTEA NOT NULL,
  "attempts" INTEGER NOT NULL DEFAULT 0,
  "not_before" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "mail_outbox_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "mail_outbox_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE UNIQUE INDEX "mail_outbox_tenant_id_id_key" ON "mail_outbox" ("tenant_id", "id");
CREATE INDEX "mail_outbox_not_before_idx" ON "mail_outbox" ("not_before");

SELECT "wall_off"("table"::regclass) FROM unnest(ARRAY['sign_in_settings', 'user_links', 'mail_outbox']) AS "table";
GRANT UPDATE ("email_verified_at") ON "tenant_users" TO "cvault_api";
GRANT SELECT, INSERT, UPDATE ON "sign_in_settings" TO "cvault_api";
GRANT SELECT, DELETE ON "user_links" TO "cvault_api";
GRANT INSERT ON "mail_outbox" TO "cvault_api";
-- What delivers mails looks for the user and makes the link.
GRANT SELECT ON "sign_in_settings" TO "cvault_jobs";
GRANT SELECT, INSERT, UPDATE, DELETE ON "user_links" TO "cvault_jobs";
GRANT SELECT, UPDATE, DELETE ON "mail_outbox" TO "cvault_jobs";
