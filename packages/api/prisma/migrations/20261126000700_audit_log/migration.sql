-- The audit log: who did what to what, when, with which result. Rows are written by triggers in the transaction of the change,
-- and chained by hashes a moment later, so that writing them needs no lock that everybody waits for. docs/audit.md.

CREATE TABLE "audit_log" (
    "id" BIGSERIAL NOT NULL,
    "tenant_id" UUID,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "act" TEXT NOT NULL,
    "result" TEXT NOT NULL DEFAULT 'done',
    "reason" TEXT,
    "count" INTEGER NOT NULL DEFAULT 1,
    "actor_kind" TEXT NOT NULL,
    "actor_id" TEXT,
    "target_kind" TEXT,
    "target_id" TEXT,
    "request_id" TEXT,
    "changed" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
    "xact" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "place" BIGINT,
    "hash" BYTEA,

    CONSTRAINT "audit_log_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "audit_log_tenant_id_id_idx" ON "audit_log"("tenant_id", "id");
CREATE INDEX "audit_log_at_idx" ON "audit_log" USING BRIN ("at");
-- What is still to be chained: a moment's worth.
CREATE INDEX "audit_log_unsealed" ON "audit_log" ("xact", "id") WHERE "hash" IS NULL;
-- The platform's own chain has the id 0.
CREATE UNIQUE INDEX "audit_log_chain" ON "audit_log" (coalesce("tenant_id", '00000000-0000-0000-0000-000000000000'::uuid), "place") WHERE "place" IS NOT NULL;

-- Nothing here can break a line or pass for another field, whoever writes it.
ALTER TABLE "audit_log"
  ADD CONSTRAINT "audit_log_words" CHECK ("act" ~ '^[a-z_.-]{1,64}$' AND "actor_kind" ~ '^[a-z_]{1,32}$'
    AND "target_kind" ~ '^[a-z_]{1,32}$' AND "reason" ~ '^[a-z_]{1,64}$'),
  ADD CONSTRAINT "audit_log_ids" CHECK ("actor_id" ~ '^[!-~]{1,100}$' AND "target_id" ~ '^[!-~]{1,100}$'
    AND "request_id" ~ '^[!-~]{1,100}$'),
  ADD CONSTRAINT "audit_log_result" CHECK ("result" IN ('done', 'refused') AND "count" >= 1),
  ADD CONSTRAINT "audit_log_seal" CHECK (("place" IS NULL) = ("hash" IS NULL) AND octet_length("hash") = 32);

-- Where each chain begins and ends. Rows up to begins_place have been forgotten, and begins_hash is what the last of them had.
CREATE TABLE "audit_chains" (
    "chain" UUID NOT NULL,
    "place" BIGINT NOT NULL,
    "hash" BYTEA NOT NULL,
    "begins_place" BIGINT NOT NULL DEFAULT 0,
    "begins_hash" BYTEA NOT NULL,

    CONSTRAINT "audit_chains_pkey" PRIMARY KEY ("chain"),
    CONSTRAINT "audit_chains_order" CHECK ("begins_place" BETWEEN 0 AND "place")
);

-- Append-only, for everybody ------------------------------------------------------------------------------------------

CREATE FUNCTION "refuse_audit_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD."hash" IS NULL AND NEW."hash" IS NOT NULL
    AND to_jsonb(NEW) - ARRAY['place', 'hash'] = to_jsonb(OLD) - ARRAY['place', 'hash'] THEN
    RETURN NEW;
  END IF;
  -- Retention: what the chain no longer begins with.
  IF TG_OP = 'DELETE' AND EXISTS (
    SELECT FROM "audit_chains" c
    WHERE c."chain" = coalesce(OLD."tenant_id", '00000000-0000-0000-0000-000000000000') AND OLD."place" <= c."begins_place"
  ) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege', TABLE = 'audit_log';
END
$$;

CREATE TRIGGER "audit_log_append_only" BEFORE UPDATE OR DELETE ON "audit_log" FOR EACH ROW EXECUTE FUNCTION "refuse_audit_change"();
CREATE TRIGGER "audit_log_no_truncate" BEFORE TRUNCATE ON "audit_log" FOR EACH STATEMENT EXECUTE FUNCTION "refuse_audit_change"();

-- A chain goes on and is shortened at its beginning, and what it then begins with is the hash that stood there.
CREATE FUNCTION "check_audit_chain"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW."place" < OLD."place" OR NEW."begins_place" < OLD."begins_place"
    OR (NEW."begins_place" > OLD."begins_place" AND NEW."begins_hash" IS DISTINCT FROM (
      SELECT "hash" FROM "audit_log"
      WHERE coalesce("tenant_id", '00000000-0000-0000-0000-000000000000') = NEW."chain" AND "place" = NEW."begins_place"
    ))
    OR (NEW."begins_place" = OLD."begins_place" AND NEW."begins_hash" <> OLD."begins_hash") THEN
    RAISE EXCEPTION 'a chain of the audit log only goes on' USING ERRCODE = 'insufficient_privilege', TABLE = 'audit_chains';
  END IF;
  RETURN NEW;
END
$$;

CREATE TRIGGER "audit_chains_go_on" BEFORE UPDATE ON "audit_chains" FOR EACH ROW EXECUTE FUNCTION "check_audit_chain"();

-- Writing -------------------------------------------------------------------------------------------------------------

-- Writes a row for a changed one. Its arguments: what the row is, then the columns that are bookkeeping. Of a change the names of
-- the columns are kept, never a value. Who did it the transaction says: 'act|actor kind|actor id|request id'.
CREATE FUNCTION "audit_change"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  subject jsonb;
  earlier jsonb;
  names text[] := '{}';
  context text[] := string_to_array(nullif(current_setting('cvault.act', true), ''), '|');
BEGIN
  IF TG_OP = 'DELETE' THEN
    subject := to_jsonb(OLD);
  ELSE
    subject := to_jsonb(NEW);
  END IF;
  IF TG_OP = 'UPDATE' THEN
    earlier := to_jsonb(OLD);
    SELECT coalesce(array_agg(key ORDER BY key), '{}') INTO names FROM jsonb_each(subject)
    WHERE value IS DISTINCT FROM earlier -> key AND key <> ALL (coalesce(TG_ARGV[1:], '{}'));
    IF names = '{}' THEN
      RETURN NULL;
    END IF;
  END IF;
  INSERT INTO "audit_log" ("tenant_id", "act", "actor_kind", "actor_id", "target_kind", "target_id", "request_id", "changed")
  VALUES (
    (CASE TG_ARGV[0] WHEN 'tenant' THEN subject ->> 'id' ELSE subject ->> 'tenant_id' END)::uuid,
    coalesce(nullif(context[1], ''), TG_ARGV[0] || CASE TG_OP WHEN 'INSERT' THEN '.created' WHEN 'UPDATE' THEN '.changed' ELSE '.deleted' END),
    coalesce(nullif(context[2], ''), 'login'),
    CASE WHEN context IS NULL THEN regexp_replace(session_user, '[^!-~]', '?', 'g') ELSE nullif(context[3], '') END,
    TG_ARGV[0], coalesce(subject ->> 'id', subject ->> 'server_id', subject ->> 'user_id', subject ->> 'tenant_id'), nullif(context[4], ''), names
  );
  RETURN NULL;
END
$$;

-- For migrations, one line for each table whose changes are of interest. Call it again when the table gets a column.
CREATE FUNCTION "keep_audit"("of_table" regclass, "kind" text, VARIADIC "bookkeeping" text[] DEFAULT '{}') RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  columns text;
  arguments text;
BEGIN
  SELECT string_agg(quote_ident(attname), ', ') INTO columns FROM pg_attribute
  WHERE attrelid = of_table AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attname <> ALL (bookkeeping);
  SELECT string_agg(quote_literal(argument), ', ') INTO arguments FROM unnest(kind || bookkeeping) AS argument;
  EXECUTE format('CREATE OR REPLACE TRIGGER "audit" AFTER INSERT OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION "audit_change"(%s)', of_table, arguments);
  EXECUTE format('CREATE OR REPLACE TRIGGER "audit_update" AFTER UPDATE OF %s ON %s FOR EACH ROW EXECUTE FUNCTION "audit_change"(%s)', columns, of_table, arguments);
END
$$;
REVOKE EXECUTE ON FUNCTION "keep_audit"(regclass, text, text[]) FROM PUBLIC;

SELECT "keep_audit"('tenants', 'tenant', 'device_count');
SELECT "keep_audit"('tenant_users', 'user', 'device_count');
SELECT "keep_audit"('api_keys', 'api_key', 'last_used_at');
SELECT "keep_audit"('signing_keys', 'signing_key', 'signs_from');
SELECT "keep_audit"('webhook_endpoints', 'webhook_endpoint', 'failing_since');
SELECT "keep_audit"('sign_in_settings', 'sign_in_settings');
SELECT "keep_audit"('second_factors', 'second_factor', 'last_step');
SELECT "keep_audit"('servers', 'server', 'epoch', 'last_contact_at', 'look_after', 'drift_found', 'drift_found_at', 'addresses', 'free_addresses');
SELECT "keep_audit"('pools', 'pool', 'created_at');
SELECT "keep_audit"('evacuations', 'evacuation', 'total', 'moved', 'failed', 'reason', 'started_at', 'finished_at');

-- Sign-ins are prolonged with every refresh, and forgotten when they are over: neither is an act.
CREATE TRIGGER "audit" AFTER INSERT ON "sign_ins" FOR EACH ROW EXECUTE FUNCTION "audit_change"('sign_in');
CREATE TRIGGER "audit_update" AFTER UPDATE OF "revoked_at" ON "sign_ins" FOR EACH ROW EXECUTE FUNCTION "audit_change"('sign_in', 'expires_at');

-- What changes a device again and again sets none of these columns. Where its tenant is suspended or its VPN server disabled,
-- their own rows say so, instead of 100,000 of their devices.
CREATE TRIGGER "audit" AFTER INSERT ON "devices" FOR EACH ROW EXECUTE FUNCTION "audit_change"('device');
CREATE TRIGGER "audit_update"
  AFTER UPDATE OF "user_id", "server_id", "name", "state", "failure", "public_key", "private_key", "preshared_key", "assigned_ip", "dns", "routes", "expires_at", "holds"
  ON "devices" FOR EACH ROW WHEN ((OLD."holds" # NEW."holds") NOT IN (1, 4))
  EXECUTE FUNCTION "audit_change"('device', 'generation', 'peer_digest', 'applied_generation', 'applied_epoch', 'last_connected_at', 'removed_at');

-- Rights --------------------------------------------------------------------------------------------------------------

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cvault_sealer') THEN
    CREATE ROLE "cvault_sealer" NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION;
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
      GRANT "cvault_sealer" TO CURRENT_USER;
    END IF;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL;
END
$$;
GRANT USAGE ON SCHEMA "public" TO "cvault_sealer";

SELECT "wall_off"('audit_log');
CREATE POLICY "sealing" ON "audit_log" TO "cvault_sealer" USING (true) WITH CHECK (true);

-- Whoever makes changes appends; nobody but the sealer touches what is there.
GRANT INSERT ("tenant_id", "act", "result", "reason", "count", "actor_kind", "actor_id", "target_kind", "target_id", "request_id", "changed")
  ON "audit_log" TO "cvault_api", "cvault_operator", "cvault_links", "cvault_metering", "cvault_jobs";
GRANT USAGE ON SEQUENCE "audit_log_id_seq" TO "cvault_api", "cvault_operator", "cvault_links", "cvault_metering", "cvault_jobs";
GRANT SELECT ON "audit_log" TO "cvault_api", "cvault_operator";
GRANT SELECT ON "audit_chains" TO "cvault_operator";
GRANT SELECT, UPDATE ("place", "hash"), DELETE ON "audit_log" TO "cvault_sealer";
GRANT SELECT, INSERT, UPDATE ON "audit_chains" TO "cvault_sealer";
