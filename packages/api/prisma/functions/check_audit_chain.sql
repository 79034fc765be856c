-- A chain only grows at its end and is cut at its beginning. Its new beginning must carry the hash of the row that stood there.
CREATE OR REPLACE FUNCTION "check_audit_chain"() RETURNS trigger LANGUAGE plpgsql AS $$
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
