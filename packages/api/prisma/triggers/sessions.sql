CREATE OR REPLACE TRIGGER "sessions_emit_insert" AFTER INSERT ON "sessions" FOR EACH ROW EXECUTE FUNCTION "emit_session_events"();

CREATE OR REPLACE TRIGGER "sessions_emit_update" AFTER UPDATE ON "sessions" FOR EACH ROW
  WHEN (NEW."state" <> OLD."state") EXECUTE FUNCTION "emit_session_events"();
