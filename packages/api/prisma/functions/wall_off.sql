-- Puts the walls of row-level security around a table: `cvault_api` sees the rows of its tenant, the platform's roles see all. What
-- each role may do there, grants say. Committed migrations call it, so it never changes: another wall is another function.
CREATE OR REPLACE FUNCTION "wall_off"("of_table" regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', of_table);
  EXECUTE format('CREATE POLICY "tenant" ON %s TO "cvault_api" USING ("tenant_id" = "current_tenant"()) WITH CHECK ("tenant_id" = "current_tenant"())', of_table);
  EXECUTE format('CREATE POLICY "platform" ON %s TO "cvault_operator", "cvault_links", "cvault_metering", "cvault_jobs" USING (true) WITH CHECK (true)', of_table);
END
$$;
REVOKE EXECUTE ON FUNCTION "wall_off"(regclass) FROM PUBLIC;
