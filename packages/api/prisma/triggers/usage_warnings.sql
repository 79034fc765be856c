CREATE OR REPLACE TRIGGER "usage_warnings_emit" AFTER INSERT ON "usage_warnings" FOR EACH ROW EXECUTE FUNCTION "emit_limit_events"();

-- A limit that is raised and reached again in the same period makes another event.
CREATE OR REPLACE TRIGGER "usage_warnings_emit_again" AFTER UPDATE OF "limit_bytes" ON "usage_warnings" FOR EACH ROW
  WHEN (NEW."limit_bytes" > OLD."limit_bytes") EXECUTE FUNCTION "emit_limit_events"();
