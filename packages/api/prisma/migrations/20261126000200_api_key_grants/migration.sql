-- What an API key may be used for, from where, and until when. Keys that there are may do everything, from everywhere, as
-- before: scopes are null for them.
ALTER TABLE "api_keys"
  ADD COLUMN "scopes" TEXT[],
  ADD COLUMN "allowed_sources" INET[] NOT NULL DEFAULT ARRAY[]::INET[],
  ADD COLUMN "expires_at" TIMESTAMPTZ(3),
  ADD COLUMN "last_used_at" TIMESTAMPTZ(3);
