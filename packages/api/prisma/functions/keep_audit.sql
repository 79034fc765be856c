-- Makes the triggers that write a table's changes to the audit log. The files in prisma/triggers call it, one line for each table.
-- Its update trigger names every column that the table has then, so it is called again after each migration.
CREATE OR REPLACE FUNCTION "keep_audit"("of_table" regclass, "kind" text, VARIADIC "bookkeeping" text[] DEFAULT '{}') RETURNS void LANGUAGE plpgsql AS $$
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
