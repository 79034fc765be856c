-- Whoever has lost a credential has lost it: every change that ends credentials raises the user's epoch, and nobody is let in
-- by what was verified under an earlier one.
ALTER TABLE "tenant_users" ADD COLUMN "credentials_epoch" INTEGER NOT NULL DEFAULT 0;
GRANT UPDATE ("credentials_epoch") ON "tenant_users" TO "cvault_api";
GRANT SELECT ("credentials_epoch") ON "tenant_users" TO "cvault_authenticator";
-- Bookkeeping: the change itself is what the audit log tells of.
SELECT "keep_audit"('tenant_users', 'user', 'device_count', 'credentials_epoch');

-- A sign-up that waits for its address to be confirmed. Its password comes into force with the link that was sent for it, and
-- with no other. It has the id of the mail that brings the link.
CREATE TABLE "sign_ups" (
  "id" UUID NOT NULL,
  "tenant_id" UUID NOT NULL,
  "mode" "api_key_mode" NOT NULL,
  "email" TEXT NOT NULL,
  "password_hash" TEXT NOT NULL,
  "token_hash" BYTEA,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "expires_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "sign_ups_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "sign_ups_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE UNIQUE INDEX "sign_ups_tenant_id_id_key" ON "sign_ups" ("tenant_id", "id");
CREATE UNIQUE INDEX "sign_ups_token_hash_key" ON "sign_ups" ("token_hash");
CREATE INDEX "sign_ups_tenant_id_email_mode_idx" ON "sign_ups" ("tenant_id", "email", "mode");
CREATE INDEX "sign_ups_expires_at_idx" ON "sign_ups" ("expires_at");

SELECT "wall_off"('sign_ups');
GRANT SELECT, INSERT, DELETE ON "sign_ups" TO "cvault_api";
-- What delivers mails makes the link, and forgets the sign-up of an address that is taken.
GRANT SELECT, UPDATE ("token_hash", "expires_at"), DELETE ON "sign_ups" TO "cvault_jobs";

-- Who vouched for a sign-in that nobody's own credential opened: with the key that is revoked, it ends.
ALTER TABLE "sign_ins" ADD COLUMN "minted_by" UUID;
ALTER TABLE "sign_ins" ADD CONSTRAINT "sign_ins_tenant_id_minted_by_fkey" FOREIGN KEY ("tenant_id", "minted_by")
  REFERENCES "api_keys" ("tenant_id", "id") ON DELETE NO ACTION ON UPDATE CASCADE;
CREATE INDEX "sign_ins_minted_by" ON "sign_ins" ("tenant_id", "minted_by") WHERE "minted_by" IS NOT NULL AND "revoked_at" IS NULL;
