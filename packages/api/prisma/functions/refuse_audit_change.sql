-- The audit log is append-only, for the owner of the tables too. Sealing and retention are the two exceptions.
CREATE OR REPLACE FUNCTION "refuse_audit_change"() RETURNS trigger LANGUAGE plpgsql AS $$
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
