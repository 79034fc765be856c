-- The same address can be a user of live keys and one of test keys: a mail is for one of them.
ALTER TABLE "mail_outbox" ADD COLUMN "mode" "api_key_mode" NOT NULL DEFAULT 'live';
