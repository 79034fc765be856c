-- Private keys that are made here may be handed out once and then forgotten, and a new master key seals everything anew.

ALTER TABLE "tenants" ADD COLUMN "private_keys_once" BOOLEAN NOT NULL DEFAULT false;

ALTER TABLE "devices"
  ADD COLUMN "private_key_erased" BOOLEAN NOT NULL DEFAULT false,
  ADD CONSTRAINT "devices_private_key_erased" CHECK (NOT "private_key_erased" OR "private_key" IS NULL);

GRANT UPDATE ("private_key") ON "signing_keys" TO "cvault_jobs";
